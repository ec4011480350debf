/** Reads parts of a stored document. @throws TypeError (every function) for an invalid value */

import { isRecord, type JsonRecord } from "../base/json/value.ts";
import { type WallMillis, wallMillis } from "../base/units.ts";

export const invalid = (what: string) => new TypeError(`stored state: ${what}`);

export function record(value: unknown): JsonRecord {
  if (!isRecord(value)) throw invalid("object");
  return value;
}

export function within(value: unknown, low: number, high: number): number {
  if (typeof value !== "number" || !(value >= low && value <= high)) throw invalid("number");
  return value;
}

export function flag(value: unknown): boolean {
  if (typeof value !== "boolean") throw invalid("boolean");
  return value;
}

/** The range of dates (ECMA-262, 21.4.1.1). */
export const wall = (value: unknown): WallMillis => wallMillis(within(value, -8.64e15, 8.64e15));
