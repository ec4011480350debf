/** The words of whatever was thrown, for a log line or a message of our own. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
