/** Warns when a change is in force but not on the disk. */
import { exitCodes } from "../../firmware/process/exit-codes.ts";

export function warnUnlessStored(stored: boolean): number {
  if (!stored)
    process.stderr.write(
      "It is in force, but not on the disk yet: a power cut would undo it. Check the disk: grove-heater doctor\n",
    );
  return exitCodes.ok;
}
