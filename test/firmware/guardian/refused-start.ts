/** Starts that are refused. */
import { StartupError } from "../../../src/firmware/process/exit-codes.ts";

/** The exit code and the text of the StartupError that `action` throws; none when it throws nothing. */
export function ending(action: () => unknown): { code: number | undefined; text: string } {
  try {
    action();
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    return { code: error.exitCode, text: `${error.message}\n${error.remedy}` };
  }
  return { code: undefined, text: "" };
}

export const wrongSettings = (): never => {
  throw new StartupError(78, "settings.json:1:1: nonsense", "Correct it.");
};
