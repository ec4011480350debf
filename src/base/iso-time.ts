/** Times as text, in ISO 8601. */
import { type WallMillis, wallMillis } from "./units.ts";

/** Formats a time as ISO 8601 in UTC, with milliseconds. @throws RangeError for an invalid date */
export const isoTime = (wallMs: number): string => new Date(wallMs).toISOString();

/** @param text ISO 8601 with its zone @returns `undefined` for anything else */
export function readIsoTime(text: string): WallMillis | undefined {
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : wallMillis(at);
}
