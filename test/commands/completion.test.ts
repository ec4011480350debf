/** Completion of the command line by the shell, in the shells that this machine has. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { main } from "../../src/cli.ts";
import { type Shell, shells } from "../../src/commands/line/completion-scripts.ts";
import { capturePrinted } from "./printed.ts";

const printed = capturePrinted();
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "completion-"));
  mkdirSync(join(folder, "attic"));
  writeFileSync(join(folder, "room.json"), "{}");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const has = (shell: string): boolean => spawnSync(shell, ["-c", "exit 0"]).status === 0;

async function script(shell: Shell): Promise<string> {
  printed.text = "";
  expect(await main(["completion", shell])).toBe(0);
  return printed.text;
}

/** What bash offers after `line`, whose last word is not complete. */
async function offered(line: string): Promise<string[]> {
  const words = line.split(" ").map((word) => `'${word}'`);
  const ask = `
COMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}
compopt() { :; }
_grove_heater; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", (await script("bash")) + ask], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((word) => word !== "");
}

describe("completion", () => {
  it.runIf(has("bash")).each([
    ["grove-heater st", ["status"]],
    ["grove-heater service ", ["install", "status", "remove", "print"]],
    ["grove-heater set set-", ["set-point", "set-point-hold"]],
    ["grove-heater status --w", ["--watch"]],
    ["grove-heater run --da", ["--data"]],
    ["grove-heater run --data ", ["attic"]],
    ["grove-heater run --settings r", ["room.json"]],
    ["grove-heater help comp", ["completion"]],
    ["grove-heater simulate ro", ["room.json"]],
    ["grove-heater nothing --", []],
  ])("bash offers after %j: %j", async (line, words) => {
    expect(await offered(line)).toEqual(words);
  });

  it.each(Object.keys(shells) as Shell[])(
    "the script for %s is one that the shell can read",
    async (shell) => {
      const text = await script(shell);
      expect(text).toContain("clear-faults");
      if (!has(shell)) return;
      const file = join(folder, `script.${shell}`);
      writeFileSync(file, text);
      const { stderr, status } = spawnSync(shell, ["-n", file], { encoding: "utf8" });
      expect([status, stderr]).toEqual([0, ""]);
    },
  );

  it("names the shells that it knows", async () => {
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(await main(["completion"])).toBe(64);
    expect(stderr.mock.calls.join("")).toContain("Name a shell: bash, zsh, fish.");
    expect(await main(["completion", "csh"])).toBe(64);
    expect(stderr.mock.calls.join("")).toContain("unknown subcommand: completion csh.");
  });
});
