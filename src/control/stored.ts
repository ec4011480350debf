/** Reads parts of a stored document. @throws TypeError (every function) for what no firmware has written */

import { type WallMillis, wallMillis } from "../base/units.ts";

export const invalid = (what: string) => new TypeError(`stored state: ${what}`);

export function record(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid("object");
  return value as Record<string, unknown>;
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
