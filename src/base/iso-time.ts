/** A moment as records and messages have it: ISO 8601 in UTC, to the millisecond. @throws RangeError beyond all dates */
export const isoTime = (wallMs: number): string => new Date(wallMs).toISOString();
