/** Prints the result of a verb. */
import { exitCodes } from "../../firmware/process/exit-codes.ts";

/** Prints `text` and a line break to standard output. @returns the exit code of success */
export function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return exitCodes.ok;
}
