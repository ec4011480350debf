/**
 * Folder safety/: the safety rules that the core enforces, one file for each idea (SR-02 to SR-09).
 *
 * SR-02 and SR-03: which readings count, and when the sensor as a whole is not to be believed.
 *
 * Guarantee: the sensor is trusted only while credible readings keep coming; a wrong value can neither be taken at
 * once nor keep the sensor out for ever: the longer nothing credible came, the further the next value may lie.
 */

import type { Celsius, Millis, RelativeHumidityPercent } from "../../base/units.ts";
import { seconds } from "../../base/units.ts";
import type { SensorReading } from "../input.ts";

/** SR-02. */
const staleAfter = seconds(60);
const recoveryRun = 3;
/** SR-03: five sigma of the difference of two readings with σ 0.2 K, the worst noise to be served. */
const noiseAllowance = 1.5;
/** SR-03: K/s. Peers discard 120 K/h; the smallest room to be served with 3 kW reaches 263 K/h. This is 360 K/h. */
const believableRate = 0.1;

export interface Measurement {
  /** As the sensor says, before calibration. */
  readonly measured: Celsius;
  readonly humidity: RelativeHumidityPercent;
  readonly at: Millis;
}

export interface SensorState {
  readonly lastAttemptAt: Millis | undefined;
  /** The newest reading that was credible by itself. */
  readonly last: Measurement | undefined;
  /** Since when the wait for a credible reading runs. */
  readonly trustedAt: Millis;
  /** The value before was incredible: one good value among garbage does not renew the trust. */
  readonly shaken: boolean;
  readonly goodRun: number;
  /** The raw temperature word, since when it repeats, and until when. */
  readonly word: number | undefined;
  readonly wordSince: Millis;
  readonly wordAt: Millis;
  readonly stale: boolean;
  readonly stuck: boolean;
  /** Why the last attempt did not count. */
  readonly reason: string;
}

export type Verdict =
  /** Credible, and the sensor is trusted: control may act on it. */
  | "accepted"
  /** Credible by itself, but the sensor has yet to earn its trust. */
  | "good"
  /** In range, but it moved faster than any room. */
  | "too-fast"
  /** Failed, out of range, or older than what is known. */
  | "void";

export function startSensor(now: Millis): SensorState {
  return {
    lastAttemptAt: undefined,
    last: undefined,
    trustedAt: now,
    shaken: false,
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

/** When the sensor will be stale if nothing comes. */
export const staleAt = (state: SensorState): number => state.trustedAt + staleAfter;

/** SR-02 without a reading: time passes. */
export function agesSensor(state: SensorState, now: Millis): SensorState {
  if (!state.stale) return now < staleAt(state) ? state : { ...state, stale: true, goodRun: 0 };
  // Three in a row do not span a silence either.
  const silent = state.goodRun > 0 && now - (state.last?.at ?? now) >= staleAfter;
  return silent ? { ...state, goodRun: 0 } : state;
}

/** Whatever the reason: trust must be earned again. */
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
  const aged = agesSensor({ ...state, lastAttemptAt: at }, at);
  if (reading.kind === "failed") return refuse(aged, reading.reason, "void");
  const measured = reading.temperature;
  const { lowest, highest, frozenAfter } = reading.chip;
  if (measured < lowest || measured > highest) {
    const reason = `${measured.toFixed(1)} °C is outside the sensor's range of ${lowest} to ${highest} °C`;
    return refuse({ ...aged, shaken: true }, reason, "void");
  }
  const read = noteWord(aged, reading.raw.temperature, at);
  if (read.last) {
    const moved = Math.abs(measured - read.last.measured);
    if (moved > noiseAllowance + ((at - read.last.at) / 1000) * believableRate) {
      const reason = `moved ${moved.toFixed(1)} K faster than a room can`;
      return refuse({ ...read, shaken: true }, reason, "too-fast");
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
  // A word seen again after a silence proves nothing about the time between, unless it was the fault already: so half
  // an hour is proved by thirty readings at least.
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
    ...state,
    last,
    trustedAt: state.shaken && !recovered ? state.trustedAt : at,
    shaken: false,
    goodRun,
    stale: state.stale && !recovered,
    stuck: frozen || (state.stuck && !recovered),
    reason: frozen ? "repeats the same value to the last bit" : state.reason,
  };
}
