/**
 * The room's temperature per minute, for the rules that use slopes (SR-05, SR-06).
 *
 * Guarantee: at most 64 minutes are stored; a gap in the readings clears the trend, so that no slope spans it.
 */
import type { Celsius, Millis } from "../../base/units.ts";

const minuteMs = 60_000;
const maxMinutes = 64;
/** Maximum of minutes without a reading that are filled with the last mean. */
const maxBridged = 2;

export interface Trend {
  /** Number of the current minute. */
  readonly minute: number;
  readonly sum: number;
  readonly count: number;
  /** Means of completed minutes, the newest last. */
  readonly means: readonly number[];
}

export const startTrend: Trend = { minute: -1, sum: 0, count: 0, means: [] };

/** @returns the new trend; `means` is a new array exactly when a minute was completed */
export function addToTrend(trend: Trend, temperature: Celsius, at: Millis): Trend {
  const minute = Math.floor(at / minuteMs);
  if (minute === trend.minute) return { ...trend, sum: trend.sum + temperature, count: trend.count + 1 };
  const skipped = minute - trend.minute - 1;
  const fresh = { minute, sum: temperature as number, count: 1 };
  if (trend.count === 0 || skipped > maxBridged || skipped < 0) return { ...fresh, means: [] };
  const mean = trend.sum / trend.count;
  const means = [...trend.means.slice(-(maxMinutes - 1 - skipped)), ...Array<number>(skipped + 1).fill(mean)];
  return { ...fresh, means };
}

/** Mean of five minutes, ending `ago` minutes before the newest; `undefined` when the trend is too short. */
export function levelAgo(trend: Trend, ago: number): number | undefined {
  const end = trend.means.length - ago;
  if (end < 5) return undefined;
  let sum = 0;
  for (let index = end - 5; index < end; index++) sum += trend.means[index] ?? 0;
  return sum / 5;
}
