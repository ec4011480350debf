/**
 * Folder safety/: the safety rules that the core enforces (SR-02 to SR-09).
 *
 * SR-02 and SR-03: which readings are valid, and when the sensor is not trusted.
 *
 * Guarantee: the sensor is trusted only while credible readings arrive; a wrong value is not accepted at once, and
 * cannot block the sensor for ever: the longer without a credible reading, the further the next value may differ.
 */

import type { Celsius, Millis, RelativeHumidityPercent } from "../../base/units.ts";
import { seconds } from "../../base/units.ts";
import type { SensorReading } from "../input.ts";

/** SR-02. */
const staleAfter = seconds(60);
const recoveryRun = 3;
/** SR-03: five sigma of the difference of two readings with σ 0.2 K, the worst noise supported. */
const noiseAllowance = 1.5;
/** SR-03: 360 K/h. Comparable products discard 120 K/h; the smallest supported room with 3 kW reaches 263 K/h. */
const plausibleRate = 0.1;

export interface Measurement {
  /** Uncalibrated. */
  readonly measured: Celsius;
  readonly humidity: RelativeHumidityPercent;
  readonly at: Millis;
}

export interface SensorState {
  readonly lastAttemptAt: Millis | undefined;
  /** The newest credible reading. */
  readonly last: Measurement | undefined;
  /** Start of the wait for a credible reading. */
  readonly trustedAt: Millis;
  /** The previous value was implausible: then a single good value does not restore trust. */
  readonly lastImplausible: boolean;
  readonly goodRun: number;
  /** The raw temperature word, since when it repeats, and when it was last read. */
  readonly word: number | undefined;
  readonly wordSince: Millis;
  readonly wordAt: Millis;
  readonly stale: boolean;
  readonly stuck: boolean;
  /** Why the last reading was refused. */
  readonly reason: string;
}

export type Verdict =
  /** Credible, and the sensor is trusted: control may act on it. */
  | "accepted"
  /** Credible, but the sensor is not trusted yet. */
  | "good"
  /** In range, but it moved faster than any room. */
  | "too-fast"
  /** Failed, out of range, or older than the last attempt. */
  | "void";

export function startSensor(now: Millis): SensorState {
  return {
    lastAttemptAt: undefined,
    last: undefined,
    trustedAt: now,
    lastImplausible: false,
    goodRun: 0,
    word: undefined,
    wordSince: now,
    wordAt: now,
    stale: false,
    stuck: false,
    reason: "no reading yet",
  };
}

export const isTrusted = (state: SensorState): boolean =>
  !state.stale && !state.stuck && state.last !== undefined;

/** When the sensor becomes stale without a further reading. */
export const staleAt = (state: SensorState): number => state.trustedAt + staleAfter;

/** SR-02: applies the time without a reading. */
export function ageSensor(state: SensorState, now: Millis): SensorState {
  if (!state.stale) return now < staleAt(state) ? state : { ...state, stale: true, goodRun: 0 };
  // A gap also interrupts the run of good readings.
  const silent = state.goodRun > 0 && now - (state.last?.at ?? now) >= staleAfter;
  return silent ? { ...state, goodRun: 0 } : state;
}

/** Ends the trust in the sensor until it recovers. */
export function distrustSensor(state: SensorState, reason: string): SensorState {
  return { ...state, stale: true, goodRun: 0, reason };
}

/** @param at the reading's time on the core's own time line */
export function judgeReading(
  state: SensorState,
  reading: SensorReading,
  at: Millis,
): { readonly state: SensorState; readonly verdict: Verdict } {
  if (state.lastAttemptAt !== undefined && at <= state.lastAttemptAt) return { state, verdict: "void" };
  const aged = ageSensor({ ...state, lastAttemptAt: at }, at);
  if (reading.kind === "failed") return refuse(aged, reading.reason, "void");
  const measured = reading.temperature;
  const { lowest, highest, frozenAfter } = reading.chip;
  if (measured < lowest || measured > highest) {
    const reason = `${measured.toFixed(1)} °C is outside the sensor's range of ${lowest} to ${highest} °C`;
    return refuse({ ...aged, lastImplausible: true }, reason, "void");
  }
  const read = noteWord(aged, reading.raw.temperature, at);
  if (read.last) {
    const moved = Math.abs(measured - read.last.measured);
    if (moved > noiseAllowance + ((at - read.last.at) / 1000) * plausibleRate) {
      const reason = `moved ${moved.toFixed(1)} K faster than a room can`;
      return refuse({ ...read, lastImplausible: true }, reason, "too-fast");
    }
  }
  const taken = take(read, { measured, humidity: reading.humidity, at }, frozenAfter);
  return { state: taken, verdict: isTrusted(taken) ? "accepted" : "good" };
}

function refuse(state: SensorState, reason: string, verdict: Verdict) {
  return { state: { ...state, goodRun: 0, reason }, verdict };
}

/** SR-03: counts how long one raw value repeats, whether or not it is credible otherwise. */
function noteWord(state: SensorState, word: number, at: Millis): SensorState {
  // A repeat after a gap does not prove that the word was constant, unless the fault is active: half an hour takes at
  // least thirty readings.
  const close = state.stuck || at - state.wordAt < staleAfter;
  if (word !== state.word || !close) return { ...state, word, wordSince: at, wordAt: at };
  return { ...state, wordAt: at };
}

function take(state: SensorState, last: Measurement, frozenAfter: Millis | undefined): SensorState {
  const { at } = last;
  const frozen = frozenAfter !== undefined && at - state.wordSince >= frozenAfter;
  const goodRun = frozen ? 0 : state.goodRun + 1;
  const recovered = goodRun >= recoveryRun;
  return {
    lastAttemptAt: state.lastAttemptAt,
    last,
    trustedAt: state.lastImplausible && !recovered ? state.trustedAt : at,
    lastImplausible: false,
    goodRun,
    word: state.word,
    wordSince: state.wordSince,
    wordAt: state.wordAt,
    stale: state.stale && !recovered,
    stuck: frozen || (state.stuck && !recovered),
    reason: frozen ? "repeats the same value to the last bit" : state.reason,
  };
}
