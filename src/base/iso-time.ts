/** Formats a time as ISO 8601 in UTC, with milliseconds. @throws RangeError for an invalid date */
export const isoTime = (wallMs: number): string => new Date(wallMs).toISOString();
