/**
 * SR-05: the test whether the heater has an effect. The heater pauses, at first for two minutes and then for longer and
 * longer; the room answers when it falls below the line on which it went before by more than the sensor's noise and
 * steps explain.
 *
 * Guarantee: a test costs a room that answers no more than the first pause that shows it: each is at most about twice as
 * long as one that did not show, and ends as soon as it shows, or when the room has fallen by `fallLimit` more than
 * expected. What the sensor's lag and noise hide, and the minimum off time, come on top.
 */
import type { Millis } from "../../base/units.ts";
import { minutes } from "../../base/units.ts";
import type { Line, Trend } from "./trend.ts";
import { errorAhead, lineThrough, meanOf } from "./trend.ts";

/** Lengths of the pauses (min), each twice the one before: a light room answers the first, a slow radiator the last. */
const pauseMinutes = [2, 4, 9, 20] as const;
/** One more when noise or coarse steps hide the answer of a sound heater in a slow room. */
const longPause = 45;
/** The sensor's case and the radiator show a pause for some time after it (min). */
const watchMinutes = [6, 8, 10, 10] as const;
const longWatch = 12;
/** The room's trend before a pause is measured over this many minutes. */
const lineMinutes = 40;
/** Fewer do not give a line to compare with. */
const leastLine = 20;
/** A line with more scatter than these allow is isCurved: times its noise, plus so much (K), plus this share of a step. */
const curvedShare = 2;
const straightEnough = 0.03;
const stepScatter = 0.35;
/** A fall below the line (K) that is an answer with a sensor without noise. */
const plainAnswer = 0.1;
/** Standard errors of the fall that an answer must exceed; some eighty minutes are examined. */
const significance = 2.5;
/** Share of a sensor's step that its rounding can move a mean. */
const stepShare = 0.6;
/** The fall below the line that ends every pause (K). */
const fallLimit = 0.4;
/** The last pauses show at least this much (K) with a slow radiator and sensor; an answer must be visible below it. */
const shownAtLeast = 0.15;
const clearAnswer = 0.35;

export interface HeatTest {
  /** Index in the lengths of the pauses. */
  readonly stage: number;
  readonly startedAt: Millis;
  /** Undefined while the heater pauses. */
  readonly resumedAt: Millis | undefined;
  readonly line: Line;
  /** Largest fall below the line so far (K). */
  readonly deepest: number;
}

/** `answered`: the room fell. `unanswered`: no pause showed. `unclear`: nor would it have shown through the noise. */
type TestResult = "open" | "answered" | "unanswered" | "unclear";

/** @returns `undefined` when too little of the room's trend is known */
export function startHeatTest(trend: Trend, stage: number, now: Millis): HeatTest | undefined {
  const long = lineThrough(trend, lineMinutes);
  if (long === undefined || long.minutes < leastLine) return undefined;
  // A curved trend is better described by a short line.
  const short = lineThrough(trend, leastLine);
  const isCurved = short !== undefined && short.scatter < long.scatter / 2;
  const line = isCurved && Math.abs(short.slope) * leastLine > 3 * (trend.quantum ?? 0) ? short : long;
  // The line's end would differ from the trend, which would look like an answer.
  if (line.scatter > curvedShare * line.noise + straightEnough + stepScatter * (trend.quantum ?? 0))
    return undefined;
  return { stage, startedAt: now, resumedAt: undefined, line, deepest: 0 };
}

/** Call it once per completed minute. */
export function stepHeatTest(
  before: HeatTest,
  trend: Trend,
  now: Millis,
): { readonly test: HeatTest; readonly result: TestResult } {
  const passed = Math.round((now - before.startedAt) / minutes(1));
  const averaged = Math.min(before.line.scatter > 0.1 ? 5 : 2, Math.max(1, passed));
  const level = meanOf(trend, averaged, 0);
  if (level === undefined) return { test: before, result: "unclear" };
  const expected = before.line.level + before.line.slope * (passed - (averaged - 1) / 2);
  const fall = expected - level;
  const test = { ...before, deepest: Math.max(before.deepest, fall) };
  const needed = neededFall(test.line, trend, passed, averaged);
  if (fall >= needed) return { test, result: "answered" };
  const length = lengthOf(test.stage);
  if (test.resumedAt === undefined) {
    if (passed < length && airFall(test, trend, fall) < fallLimit) return { test, result: "open" };
    return { test: { ...test, resumedAt: now }, result: "open" };
  }
  if (now - test.resumedAt < minutes(watchMinutes[test.stage] ?? longWatch)) return { test, result: "open" };
  return nextPause(test, trend, needed, now);
}

/**
 * The fall of the air (K), ahead of the sensor in its case by what it falls in five minutes: as far as that is more than
 * noise.
 */
function airFall({ line }: HeatTest, trend: Trend, fall: number): number {
  const [now, before] = [trend.means.at(-1), trend.means.at(-3)];
  if (now === undefined || before === undefined) return fall;
  const rate = (before - now) / 2 + line.slope - 2 * line.scatter;
  return fall + 5 * Math.max(0, rate);
}

/** The fall below the line (K) that only the missing heat explains. */
function neededFall(line: Line, trend: Trend, passed: number, averaged: number): number {
  const error = errorAhead(line, passed, averaged);
  return plainAnswer + significance * error + (coarse(trend) ? stepShare * (trend.quantum ?? 0) : 0);
}

const coarse = ({ quantum = 0 }: Trend): boolean => quantum >= 0.04;
const lengthOf = (stage: number): number => pauseMinutes[stage] ?? longPause;

/** The last pause of a test without much noise. */
export const lastPause = pauseMinutes.length - 1;

/** The longest pause, by its index, that is no longer than the heater was off by itself, as its law switches it. */
export function pauseWithin(off: Millis): number {
  if (off > minutes(longPause)) return 0;
  const longer = pauseMinutes.findIndex((length) => minutes(length) > 1.3 * off);
  return Math.max(0, (longer < 0 ? pauseMinutes.length : longer) - 1);
}

function nextPause(test: HeatTest, trend: Trend, needed: number, now: Millis) {
  const { stage, deepest } = test;
  // Whether the minimum effect of a working heater would have been detected.
  const clear = deepest < shownAtLeast && needed < clearAnswer;
  if (stage >= pauseMinutes.length)
    return { test, result: clear ? ("unanswered" as const) : ("unclear" as const) };
  if (stage === lastPause && clear) return { test, result: "unanswered" as const };
  const next = startHeatTest(trend, stage + 1, now);
  return next ? { test: next, result: "open" as const } : { test, result: "unclear" as const };
}

/** Whether the heater pauses now. */
export const isPaused = (test: HeatTest): boolean => test.resumedAt === undefined;
