import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { exitCodes } from "../../src/firmware/process/exit-codes.ts";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

function wifi(args: readonly string[], input = "") {
  const env = { ...process.env, PATH: "/nonexistent" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "wifi", ...args], {
    encoding: "utf8",
    input,
    env,
  });
  return { code: status, stdout, stderr };
}

it.each<[string, string[], number, string]>([
  ["a passphrase on the command line", ["add", "Home", "secret-word"], exitCodes.usage, "history"],
  ["no network to add", ["add"], exitCodes.usage, "--hex"],
  ["both names", ["add", "Home", "--hex", "00"], exitCodes.usage, "--hex"],
  ["no network to remove", ["remove"], exitCodes.usage, "wifi status"],
  ["a kind that is none", ["add", "Home", "--security", "wep"], exitCodes.usage, "wpa3"],
  ["a priority that is none", ["add", "Home", "--priority", "high"], exitCodes.usage, "-999 to 999"],
  ["a passphrase that is too short", ["add", "Home"], exitCodes.usage, "8 to 63"],
  ["no NetworkManager", [], exitCodes.unavailable, "install"],
])("wifi refuses %s and says what to do", (_what, args, code, says) => {
  const said = wifi(args, "secret\n");
  expect({ code: said.code, stdout: said.stdout }).toEqual({ code, stdout: "" });
  expect(said.stderr).toContain(says);
  expect(said.stderr).not.toContain("secret");
});

it("wifi add takes the blanks at the end of a passphrase as part of it", () => {
  expect(wifi(["add", "Home"], "1234567 \n").code).toBe(exitCodes.unavailable);
  expect(wifi(["add", "Home"], "1234567\n").code).toBe(exitCodes.usage);
});
