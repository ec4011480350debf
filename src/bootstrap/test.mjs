/**
 * `npm test`: prepares the checkout, then checks style, types, dead code and behaviour.
 *
 * Every stage runs even if an earlier one failed, so that one run shows all problems. With arguments only
 * vitest runs: `npm test -- test/control`. With --slow only the slow suites run, which take tens of seconds
 * per file.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { prepare, root } from "./prepare.mjs";

/** @param {string} file */
const tool = (file) => join(root, "node_modules", file);
const eslint = tool("eslint/bin/eslint.js");
const vitest = tool("vitest/vitest.mjs");
const slow = process.argv.includes("--slow");
const args = process.argv.slice(2).filter((arg) => arg !== "--slow");

/** @type {[name: string, args: string[]][]} */
const checks = [
  ["style (biome)", [tool("@biomejs/biome/bin/biome"), "check", "--error-on-warnings", "."]],
  ["types (tsc)", [tool("typescript/bin/tsc"), "-p", "."]],
  ["types of the page (tsc)", [tool("typescript/bin/tsc"), "-p", "src/hub/page"]],
  ["typed rules (eslint)", [eslint, "--config", ".config/eslint.config.mjs", "src", "test"]],
  ["dead code (knip)", [tool("knip/bin/knip.js"), "--config", ".config/knip.json", "--no-progress"]],
];

/**
 * @param {string[]} command arguments of node
 * @param {boolean} live whether its output is shown immediately; else it is shown only when it fails
 * @returns {Promise<boolean>}
 */
function run(command, live) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, command, {
      cwd: root,
      stdio: live ? "inherit" : ["ignore", "pipe", "pipe"],
    });
    /** @type {Buffer[]} */
    const output = [];
    child.stdout?.on("data", (chunk) => output.push(chunk));
    child.stderr?.on("data", (chunk) => output.push(chunk));
    child.on("close", (code) => {
      if (code !== 0 && !live) process.stdout.write(Buffer.concat(output));
      resolve(code === 0);
    });
  });
}

await prepare("all");
let failed = 0;
if (args.length === 0 && !slow) {
  for (const [name, command] of checks) {
    if (!existsSync(command[0] ?? "")) throw new Error(`${command[0]} is missing: run npm ci`);
    const ok = await run(command, false);
    process.stdout.write(`${ok ? "✓" : "✗"} ${name}\n`);
    if (!ok) failed += 1;
  }
}
if (slow) process.env["SLOW"] = "1";
const coverage = args.length === 0 && !slow ? ["--coverage"] : [];
if (!(await run([vitest, "run", "--config", ".config/vitest.config.ts", ...coverage, ...args], true)))
  failed += 1;
process.exitCode = failed === 0 ? 0 : 1;
