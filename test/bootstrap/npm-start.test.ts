/** `npm start` as a program reads it. */
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

/** As in a person's shell: without what `npm test` has set. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")));
const npmStart = (...args: string[]) =>
  spawnSync("npm", ["start", "--", ...args], { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

it("prints what the firmware prints, and nothing of npm's", () => {
  const { stdout, stderr, status } = npmStart("--version");
  expect({ stdout: stdout.trim(), stderr, status }).toEqual({
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    stderr: "",
    status: 0,
  });
});

it("ends with the firmware's exit code, and its message alone", () => {
  const { stdout, stderr, status } = npmStart("no-such-verb");
  expect([stdout, status]).toEqual(["", 64]);
  expect(stderr).toMatch(
    /^grove-heater: There is no command "no-such-verb"\.\n {2}See: grove-heater --help\n$/,
  );
});
