/** `completion`: a script that lets a shell complete our command line. */
import { exitCodes, StartupError } from "../firmware/process/exit-codes.ts";
import { noNetwork } from "../firmware/process/guard-network.ts";
import { completionScript, type Shell, shells } from "./line/completion-scripts.ts";
import type { Verb, VerbSpec } from "./line/verb.ts";

const names = Object.keys(shells);

/** @param verbs loads every verb that is meant for users */
export const completionVerb = (verbs: () => Promise<readonly VerbSpec[]>): Verb => ({
  name: "completion",
  summary: "Print a script for your shell that completes commands with Tab",
  usage: `completion ${names.join("|")}`,
  subverbs: names,
  network: noNetwork,
  flags: {},
  notes: `
Load it when the shell starts:
${names.map((name) => `  ${shells[name as Shell].load}`).join("\n")}`,
  async run({ words: [shell] }) {
    if (shell === undefined) {
      throw new StartupError(
        exitCodes.usage,
        `Name a shell: ${names.join(", ")}.`,
        "See: grove-heater completion --help",
      );
    }
    process.stdout.write(completionScript(shell as Shell, await verbs()));
    return exitCodes.ok;
  },
});
