/** `seal` and `unseal`, as they are built. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { exitCodes } from "../../src/firmware/process/exit-codes.ts";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grove-heater-seal-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(...args: string[]) {
  const env = { ...process.env, STATE_DIRECTORY: folder, SUDO_USER: "owner" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8", env });
  return { code: status, stdout, stderr };
}

it("seals a unit, unseals it, and shows who did it", () => {
  expect(run("seal", "status")).toMatchObject({ code: 0, stdout: "undecided\n" });
  expect(run("seal")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Sealed\./) });
  expect(run("seal").stdout).toMatch(/^Already sealed/);
  expect(run("unseal")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Unsealed/) });
  expect(JSON.parse(run("seal", "status", "--json").stdout)).toMatchObject({
    state: "unsealed",
    changes: [
      { state: "sealed", by: "owner" },
      { state: "unsealed", by: "owner" },
    ],
  });
  writeFileSync(join(folder, "seal.json"), "x");
  expect(run("seal", "status").stdout).toContain("sealed, because seal.json cannot be used: it is damaged");
});

it.each([
  [["seal", "now"], exitCodes.usage],
  [["unseal", "now"], exitCodes.usage],
  [["seal", "--data", "/proc/none"], exitCodes.storage],
])("%j is refused with its exit code", (args, code) => {
  const said = run(...args);
  expect(said.code).toBe(code);
  expect(said.stderr).not.toContain("bug");
});
