/** Information about caught values, which may be of any type. */

/** Its message. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The value itself if it is an error, otherwise an error with its text. */
export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** The code of a system error ("EBUSY"); `undefined` for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The code if there is one, otherwise the message. */
export const reasonOf = (error: unknown): string => errnoOf(error) ?? messageOf(error);

/** The stack trace, for a bug. */
export const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
