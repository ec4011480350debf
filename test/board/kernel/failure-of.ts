/** What a refused line says. */
import { LineError } from "../../../src/chips/lines.ts";

/** @throws whatever else it rejects with, and when it does not reject */
export const failureOf = (work: Promise<unknown>): Promise<LineError> =>
  work.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => {
      if (error instanceof LineError) return error;
      throw error;
    },
  );
