/** Turns the ports' coded errors into start-up failures with the right exit code and a next step. */
import { BusError } from "../chips/bus.ts";
import { LineError } from "../chips/lines.ts";
import { type ExitCode, exitCodes, StartupError } from "./process/exit-codes.ts";

const doctor = "What to fix: grove-heater doctor";

/** @throws StartupError always */
export function explainHardware(error: unknown): never {
  if (error instanceof StartupError) throw error;
  if (error instanceof BusError || error instanceof LineError) {
    const permission = error.code === "denied";
    const exitCode: ExitCode = permission ? exitCodes.permission : exitCodes.unavailable;
    throw new StartupError(exitCode, error.message, doctor, { cause: error });
  }
  throw error;
}
