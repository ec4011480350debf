/** Runs one verb, and turns every failure into one clear message and its exit code. */
import { stackOf } from "../../base/errors.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { type Arguments, helpText, readArguments, type Verb } from "./verb.ts";

/** @returns the exit code; never rejects */
export function runVerb(verb: Verb, argv: readonly string[]): Promise<number> {
  return attempt(async () => {
    if (!argv.includes("--help") && !argv.includes("-h")) return await verb.run(argumentsOf(verb, argv));
    process.stdout.write(helpText(verb));
    return exitCodes.ok;
  });
}

function argumentsOf(verb: Verb, argv: readonly string[]): Arguments {
  try {
    return readArguments(verb, argv);
  } catch (error) {
    verb.onRefusal?.(argv, error);
    throw error;
  }
}

export async function attempt(action: () => Promise<number>): Promise<number> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof StartupError) {
      process.stderr.write(`grove-heater: ${error.message}\n  ${error.remedy}\n`);
      return error.exitCode;
    }
    const detail = stackOf(error);
    process.stderr.write(`grove-heater: this is a bug, please report it:\n${detail}\n`);
    return exitCodes.internal;
  }
}
