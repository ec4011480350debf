/** What is read out of whatever was thrown; a caught value may be anything. */

/** Its words, for a log line or a message of our own. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The value itself when it is an error, else an error with its words. */
export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** Its code when that is a text, as a system error has it ("EBUSY"); `undefined` for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The code, which says most in the fewest letters, else the words. */
export const reasonOf = (error: unknown): string => errnoOf(error) ?? messageOf(error);

/** For a bug: where it was thrown. */
export const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
