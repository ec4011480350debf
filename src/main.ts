#!/usr/bin/env node
/**
 * Folder src/: the firmware. main.ts starts a command or the guardian, loop.ts the loop, cloud.ts the cloud process: one
 * process each; the folders are in .github/CONTRIBUTING.md.
 *
 * The program's entry. It contains `run`, so that the guardian is one small file that starts fast; other
 * commands are loaded when they are used.
 */

import { runVerb } from "./commands/line/run-verb.ts";
import { verb as run } from "./commands/run.ts";
import { guardNetwork } from "./firmware/process/guard-network.ts";

const argv = process.argv.slice(2);
const [first] = argv;
const isRun = first === undefined || first === "run" || (first.startsWith("-") && !isGeneralFlag(first));

process.exitCode = isRun
  ? await runVerb(run, first === "run" ? argv.slice(1) : argv)
  : await (await import("./cli.ts")).main(argv, guardNetwork);

/** `--help` and `--version`, long or short, given alone, concern the whole program. */
function isGeneralFlag(flag: string): boolean {
  return argv.length === 1 && ["--help", "-h", "--version", "-v"].includes(flag);
}
