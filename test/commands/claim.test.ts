/** `claim …`, as it is built: what it prints, what it writes, and what it never shows. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exitCodes } from "../../src/firmware/process/exit-codes.ts";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const groupKey = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grove-heater-claim-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function claim(args: readonly string[], input = "") {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "claim", ...args], {
    encoding: "utf8",
    input,
    cwd: folder,
    env: { ...process.env, STATE_DIRECTORY: join(folder, "unit"), XDG_CONFIG_HOME: join(folder, "config") },
  });
  return { code: status, stdout, stderr, text: stdout + stderr };
}

/** Every secret that lies in the folder. */
const secrets = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".key"))
    .map((name) => readFileSync(join(folder, name), "utf8").split("\n")[1]?.slice(0, 40) ?? "");

describe("claim", () => {
  it("leads from the authority to credentials in force, each step naming the next, without showing a key", () => {
    const ca = claim(["ca"]);
    expect(ca.code).toBe(0);
    for (const said of [
      "Device connection groups",
      "Enrollment groups",
      "claim verify CODE",
      "claim request",
    ]) {
      expect(ca.stdout).toContain(said);
    }
    const request = claim(["request", "--device", "heater-7"]);
    expect(request.stdout).toMatch(
      /^-----BEGIN CERTIFICATE REQUEST-----\n[\s\S]*-----END CERTIFICATE REQUEST-----\n$/,
    );
    expect(request.stderr).toContain("claim sign heater-7.csr");
    writeFileSync(join(folder, "heater-7.csr"), request.stdout);
    const sign = claim(["sign", "heater-7.csr"]);
    expect(sign.stdout).toContain("claim accept heater-7.pem --id-scope SCOPE");
    const [told] = /key SHA-256 [0-9a-f ]+/.exec(request.stderr) ?? [];
    expect(sign.stdout).toContain(told);
    const accept = claim(
      ["accept", "-", "--id-scope", "0ne00123ABC"],
      readFileSync(join(folder, "heater-7.pem"), "utf8"),
    );
    expect(accept.code).toBe(0);
    expect(accept.stdout).toContain("systemctl restart");
    expect(statSync(join(folder, "unit", "credentials.json")).mode & 0o777).toBe(0o600);
    const show = claim(["show"]);
    expect(show.stdout).toContain("heater-7");
    expect(JSON.parse(claim(["show", "--json"]).stdout)).toMatchObject({ unit: { subject: "heater-7" } });
    const verify = claim(["verify", "A1B2C3D4E5F60708"]);
    expect(verify.stdout).toContain("upload verify-A1B2C3D4.pem");
    expect(readFileSync(join(folder, "verify-A1B2C3D4.pem"), "utf8")).toMatch(
      /^-----BEGIN CERTIFICATE-----\n[\s\S]*-----END CERTIFICATE-----\n$/,
    );
    expect(secrets()).toHaveLength(2);
    const said = [ca, request, sign, accept, show, verify].map(({ text }) => text).join();
    for (const secret of secrets()) expect(said).not.toContain(secret);
  });

  it("shows what a unit has not got, before anything is done", () => {
    const { code, stdout } = claim(["show"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^This unit: not claimed: no credentials\.json in .*$/m);
    expect(stdout).toMatch(/^Authority: none in .*$/m);
  });

  it("prepares many units, again without a change, and takes the group's key from a private file alone", () => {
    writeFileSync(join(folder, "units.csv"), "id\nheater-1\nheater-2\n");
    writeFileSync(join(folder, "group.key"), `${groupKey}\n`, { mode: 0o600 });
    const args = [
      "batch",
      "units.csv",
      "--type",
      "symmetric-key",
      "--id-scope",
      "0ne00123ABC",
      "--out",
      "cards",
    ];
    const first = claim([...args, "--group-key-file", "group.key"]);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining("2 made, 0 existed already") });
    expect(first.stdout).toContain("sudo cp -r");
    expect(claim(args, groupKey).stdout).toContain("0 made, 2 existed already");
    expect(claim(args, Buffer.alloc(32).toString("base64"))).toMatchObject({
      code: exitCodes.findings,
      stdout: expect.stringContaining("another group"),
    });
    writeFileSync(join(folder, "open.key"), groupKey, { mode: 0o644 });
    expect(claim([...args, "--group-key-file", "open.key"])).toMatchObject({
      code: exitCodes.configuration,
      stderr: expect.stringContaining("chmod 600"),
    });
    const file = join(folder, "cards/heater-1/var/lib/private/grove-heater/credentials.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ registrationId: "heater-1" });
    // The one implementation.
    const [key] = [claim(["key", "--device", "heater-1"], groupKey).stdout.trim()];
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ deviceKey: key });
  });

  it("makes no unit from a list with mistakes, and reports their lines", () => {
    writeFileSync(join(folder, "units.csv"), "id\nheater-1\nheater 2\nheater-1\n");
    const { code, stderr } = claim(["batch", "units.csv", "--id-scope", "0ne00123ABC", "--out", "cards"]);
    expect(code).toBe(exitCodes.configuration);
    expect(stderr).toContain('line 3: "heater 2"');
    expect(stderr).toContain("line 4: heater-1 is the same as in line 2");
    expect(readdirSync(folder)).toEqual(["units.csv"]);
  });

  it.each<[string, string[], number, string]>([
    ["no word", [], exitCodes.usage, "needs a subcommand"],
    ["an unknown word", ["sing"], exitCodes.usage, "sign"],
    ["no file to sign", ["sign"], exitCodes.usage, "claim request"],
    ["a file that does not exist", ["accept", "none.pem"], exitCodes.usage, "does not exist"],
    ["no authority", ["verify", "ABCD"], exitCodes.configuration, "claim ca"],
    ["a code that is none", ["verify", "a/b"], exitCodes.usage, "code"],
    ["a key on the command line", ["key", groupKey], exitCodes.usage, "history"],
    ["days that are none", ["sign", "x", "--days", "0"], exitCodes.configuration, "claim ca"],
    ["years that are none", ["ca", "--years", "x"], exitCodes.usage, "1 to 50"],
    ["a word too many", ["ca", "more"], exitCodes.usage, "unexpected argument"],
    ["a type that is none", ["batch", "x.csv", "--type", "tpm"], exitCodes.usage, "symmetric-key"],
  ])("refuses %s and says what to do", (_what, args, code, says) => {
    const said = claim(args);
    expect({ code: said.code, stdout: said.stdout }).toEqual({ code, stdout: "" });
    expect(said.stderr).toContain(says);
    expect(said.stderr).not.toContain(groupKey.slice(0, 20));
  });
});
