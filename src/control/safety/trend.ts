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
  /** The newest reading (°C); `undefined` before the first. */
  readonly last: number | undefined;
  /** The steps in which the sensor reads: the smallest change seen (K); `undefined` before the first change. */
  readonly quantum: number | undefined;
}

export const startTrend: Trend = {
  minute: -1,
  sum: 0,
  count: 0,
  means: [],
  last: undefined,
  quantum: undefined,
};

/** @returns the new trend; `means` is a new array exactly when a minute was completed */
export function addToTrend(trend: Trend, temperature: Celsius, at: Millis): Trend {
  const minute = Math.floor(at / minuteMs);
  const { last } = trend;
  const quantum =
    last === undefined ? trend.quantum : smallerStep(trend.quantum, Math.abs(temperature - last));
  if (minute === trend.minute) {
    const { sum, count, means } = trend;
    return { minute, sum: sum + temperature, count: count + 1, means, last: temperature, quantum };
  }
  const skipped = minute - trend.minute - 1;
  const breaks = trend.count === 0 || skipped > maxBridged || skipped < 0;
  const means = breaks ? [] : extended(trend, skipped);
  return { minute, sum: temperature, count: 1, means, last: temperature, quantum };
}

/** The means with that of the minute that has ended, which also stands for the minutes skipped. */
function extended({ means, sum, count }: Trend, skipped: number): readonly number[] {
  const longer = means.slice(-(maxMinutes - 1 - skipped));
  for (let minute = 0; minute <= skipped; minute++) longer.push(sum / count);
  return longer;
}

/** Below a thousandth of a kelvin is rounding, not a step. */
function smallerStep(known: number | undefined, change: number): number | undefined {
  if (change < 0.001) return known;
  return known === undefined ? change : Math.min(known, change);
}

/** Mean of five minutes, ending `ago` minutes before the newest; `undefined` when the trend is too short. */
export function levelAgo(trend: Trend, ago: number): number | undefined {
  return meanOf(trend, 5, ago);
}

/** Mean of that many minutes, ending `ago` minutes before the newest; `undefined` when the trend is too short. */
export function meanOf(trend: Trend, minutes: number, ago: number): number | undefined {
  const end = trend.means.length - ago;
  if (end < minutes) return undefined;
  let sum = 0;
  for (let index = end - minutes; index < end; index++) sum += trend.means[index] ?? 0;
  return sum / minutes;
}

/** A straight line through the newest minutes. */
export interface Line {
  /** At the newest minute (°C). */
  readonly level: number;
  /** K a minute. */
  readonly slope: number;
  /** Minutes that it was fitted to. */
  readonly minutes: number;
  /** Standard deviation of a minute's mean from the line (K). */
  readonly scatter: number;
  /** The same as the changes from minute to minute show it: less than the scatter when the room's trend is curved. */
  readonly noise: number;
}

/** The least-squares line through the newest `minutes`, or as many as there are. Needs at least three. */
export function lineThrough({ means }: Trend, minutes: number): Line | undefined {
  const count = Math.min(minutes, means.length);
  if (count < 3) return undefined;
  const first = means.length - count;
  const middle = (count - 1) / 2;
  let [sum, moment] = [0, 0];
  for (let index = 0; index < count; index++) {
    const value = means[first + index] ?? 0;
    sum += value;
    moment += (index - middle) * value;
  }
  const spread = (count * (count * count - 1)) / 12;
  const [mean, slope] = [sum / count, moment / spread];
  let [squares, changes, before] = [0, 0, 0];
  for (let index = 0; index < count; index++) {
    const off = (means[first + index] ?? 0) - mean - slope * (index - middle);
    squares += off * off;
    if (index > 0) changes += (off - before) ** 2;
    before = off;
  }
  const scatter = Math.sqrt(squares / (count - 2));
  const noise = Math.sqrt(changes / (count - 1) / 2);
  return { level: mean + slope * middle, slope, minutes: count, scatter, noise };
}

/** Standard error of a mean of `averaged` minutes around the line's value `ahead` minutes after its end (K). */
export function errorAhead({ minutes, scatter }: Line, ahead: number, averaged: number): number {
  const spread = (minutes * (minutes * minutes - 1)) / 12;
  const distance = ahead + (minutes - 1) / 2;
  return scatter * Math.sqrt(1 / averaged + 1 / minutes + distance ** 2 / spread);
}
