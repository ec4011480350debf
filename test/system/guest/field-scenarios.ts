/** README's section "In the field", its lines word for word, as the ordinary user types them at home in the checkout. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Scenario } from "../../kernel/guest/scenario.ts";
import { comesBack } from "./relay-off.ts";
import { asRoot, pidOf, relayIs, shown, signal, succeeds, typed } from "./service.ts";

const readme = "/home/pi/grove-heater/README.md";

/** Each sh block of the section, as its lines; one that ends in a pipe goes on in the next. */
function blocks(): string[][] {
  const [, rest = ""] = readFileSync(readme, "utf8").split("\n## In the field\n");
  const [section = ""] = rest.split("\n## ");
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = ""]) =>
    text
      .replaceAll(/\|\n\s+/g, "| ")
      .trim()
      .split("\n"),
  );
}

/** The one thing that a reader has to put in; and, without npm and the sources, what `npm start` ends in. */
const filledIn = (line: string): string =>
  line.replace("0ne…", "0ne00123ABC").replace(/^npm start -- /, "node dist/main.js ");

const block = (name: string, at: number, expected: RegExp): Scenario => ({
  name: `README, In the field, word for word: ${name}`,
  async run(machine) {
    const lines = blocks()[at] ?? [];
    assert.match(lines.join("\n"), expected);
    for (const line of lines) {
      const { code, output } = typed(filledIn(line));
      assert.equal(code, 0, `${line}\n${output}`);
    }
    await comesBack(machine);
    return `${lines.length} lines`;
  },
});

export const fieldLines: readonly Scenario[] = [
  {
    name: "README, In the field, word for word: the owner's authority",
    async run() {
      assert.match(readFileSync(readme, "utf8"), /`grove-heater claim ca`/);
      assert.match(succeeds(typed("grove-heater claim ca")), /IoT Central/);
    },
  },
  block("claim a unit", 0, /claim request.*claim sign.*claim accept/s),
  {
    name: "what was claimed is in force, and its key is readable by nobody else",
    async run() {
      const output = succeeds(typed("sudo grove-heater claim show --data /var/lib/grove-heater"));
      assert.match(output, /heater-7/);
      assert.notEqual(typed("ls /var/lib/private/grove-heater").code, 0);
      return (
        output
          .split("\n")
          .find((line) => line.includes("heater-7"))
          ?.trim() ?? ""
      );
    },
  },
  {
    name: "README, In the field, word for word: Wi-Fi, with the remedy where NetworkManager is missing",
    async run() {
      const line = 'sudo grove-heater wifi add "My Network" --priority 10';
      assert.ok(readFileSync(readme, "utf8").includes(`\`${line}\``));
      const { code, output } = typed(line, "a passphrase\n");
      assert.notEqual(code, 0);
      assert.match(output, /NetworkManager/);
      return output.trim().split("\n").at(-1);
    },
  },
  block("an image, its signature and a feed", 1, /image keys.*feed publish/s),
  block("a unit that takes updates, sealed", 2, /service install --key.*seal/s),
  {
    name: "the packet filter's rules were placed by the installation, and are in the kernel",
    async run() {
      const rules = succeeds(typed("grove-heater manifest nftables"));
      assert.equal(readFileSync("/etc/grove-heater.nft", "utf8"), rules);
      assert.match(succeeds(asRoot("nft list table inet grove_heater")), /skuid/);
    },
  },
  {
    name: "README, In the field, word for word: what went wrong, after a loop was killed",
    async run(machine) {
      signal("SIGKILL", pidOf("loop"));
      await relayIs(machine, 0);
      await comesBack(machine);
      const output = succeeds(typed("sudo grove-heater report --data /var/lib/grove-heater"));
      assert.match(output, /SIGKILL/);
      assert.equal(shown("ActiveState"), "active");
      return output.trim().split("\n").at(-1);
    },
  },
];
