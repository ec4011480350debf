/**
 * Learns the room: a bank of candidates for the time constants, each with its best gains by recursive least squares.
 *
 * Commands and readings pass the same high-pass filter, so that weather and losses drop out and the response over some
 * minutes to an hour remains. The candidate whose response explains the readings best is the model.
 *
 * Guarantee: bounded work and memory; old evidence fades only as new evidence comes; gains are never negative.
 */
import type { Average } from "./readings.ts";
import type { RoomModel } from "./room-model.ts";

const heaterLags = [40, 120, 250, 450, 650, 850, 1100, 1450] as const;
const sensorLags = [80, 170, 300, 500] as const;
const airTimes = [100, 250, 600, 1500, 3500, 8000] as const;
/** Of the high-pass filter (s). */
const passS = 1200;
/** Evidence fades over this time with changes of heat (h). */
const memoryH = 36;

/** Indices of the three time constants. */
const bank = heaterLags.flatMap((_, heater) =>
  sensorLags.flatMap((__, sensor) => airTimes.map((___, air) => ({ heater, sensor, air }))),
);

/** Numbers per candidate: eight of filters, then the sums `sums` names. */
const width = 13;
const sums = { fastFast: 8, fastSteady: 9, steadySteady: 10, fastLevel: 11, steadyLevel: 12 } as const;

export interface BankState {
  /** Filters and sums of every candidate. */
  readonly numbers: Float64Array;
  /** High-pass filter of the readings, and the sum of their squares (K²h). */
  readonly level: readonly [slow: number, slower: number] | undefined;
  readonly squares: number;
  /** Low pass of the command: what differs from it is a change of heat. */
  readonly command: number;
  /** Hours with changes of heat, faded like the sums. */
  readonly hours: number;
}

export const startBank: BankState = {
  numbers: new Float64Array(bank.length * width),
  level: undefined,
  squares: 0,
  command: 0,
  hours: 0,
};

export const shiftBank = (state: BankState, by: number): BankState =>
  state.level ? { ...state, level: [state.level[0] + by, state.level[1]] } : state;

/** @param counts false while something else than heater and weather acts (a window, a fault) */
export function addToBank(state: BankState, average: Average, counts: boolean): BankState {
  const { temperature, on, elapsedS } = average;
  const keep = (time: number) => Math.exp(-elapsedS / time);
  const pass = keep(passS);
  const [slow0, slower0] = state.level ?? [temperature, 0];
  const slow = temperature + (slow0 - temperature) * pass;
  const high = temperature - (slow + slow0) / 2;
  const slower = high + (slower0 - high) * pass;
  const level = high - (slower + slower0) / 2;
  const command = on + (state.command - on) * pass;
  const change = Math.min(1, 4 * Math.abs(on - command));
  const weight = counts ? elapsedS / 3600 : 0;
  const fade = Math.exp((-weight * change) / memoryH);
  const numbers = Float64Array.from(state.numbers);
  const keeps = { heater: heaterLags.map(keep), sensor: sensorLags.map(keep), air: airTimes.map(keep), pass };
  for (let index = 0; index < bank.length; index++) {
    addToCandidate(numbers, index, keeps, { on, level, weight, fade });
  }
  const squares = state.squares * fade + weight * level * level;
  return { numbers, level: [slow, slower], squares, command, hours: state.hours * fade + weight * change };
}

interface Keeps {
  readonly heater: readonly number[];
  readonly sensor: readonly number[];
  readonly air: readonly number[];
  readonly pass: number;
}

interface Evidence {
  readonly on: number;
  readonly level: number;
  readonly weight: number;
  readonly fade: number;
}

function addToCandidate(numbers: Float64Array, index: number, keeps: Keeps, evidence: Evidence): void {
  const { on, level, weight, fade } = evidence;
  const at = index * width;
  const { heater = 0, sensor = 0, air = 0 } = bank[index] ?? {};
  const keepSensor = keeps.sensor[sensor] ?? 0;
  const { pass } = keeps;
  const body = lag(numbers, at, on, keeps.heater[heater] ?? 0);
  const sensed = lag(numbers, at + 2, lag(numbers, at + 1, body, keeps.air[air] ?? 0), keepSensor);
  const fastHigh = sensed - lag(numbers, at + 3, sensed, pass);
  const fast = fastHigh - lag(numbers, at + 4, fastHigh, pass);
  // Of the integral in hours the first high pass leaves a low pass.
  const risen = lag(numbers, at + 6, lag(numbers, at + 5, body, pass) * (passS / 3600), keepSensor);
  const steady = risen - lag(numbers, at + 7, risen, pass);
  add(numbers, at + sums.fastFast, fade, weight * fast * fast);
  add(numbers, at + sums.fastSteady, fade, weight * fast * steady);
  add(numbers, at + sums.steadySteady, fade, weight * steady * steady);
  add(numbers, at + sums.fastLevel, fade, weight * fast * level);
  add(numbers, at + sums.steadyLevel, fade, weight * steady * level);
}

/** A first-order lag whose state is at `index`. @returns its mean over the step */
function lag(numbers: Float64Array, index: number, input: number, keep: number): number {
  const before = numbers[index] ?? 0;
  const after = input + (before - input) * keep;
  numbers[index] = after;
  return (before + after) / 2;
}

function add(numbers: Float64Array, index: number, fade: number, value: number): void {
  numbers[index] = (numbers[index] ?? 0) * fade + value;
}

export type Response = Pick<
  RoomModel,
  "heaterLagS" | "sensorLagS" | "airTimeS" | "airRiseK" | "fabricRiseKPerH"
>;

export interface Fit {
  readonly response: Response;
  /** Share of the readings' variance that it leaves unexplained, 0 to 1. */
  readonly unexplained: number;
}

/** The candidate that explains the readings best; `undefined` without evidence. */
export function bestFit(state: BankState): Fit | undefined {
  let best: { index: number; air: number; fabric: number; left: number; weighted: number } | undefined;
  for (let index = 0; index < bank.length; index++) {
    const [ff, fs, ss, fy, sy] = [8, 9, 10, 11, 12].map(
      (offset) => state.numbers[index * width + offset] ?? 0,
    ) as [number, number, number, number, number];
    const gains = nonNegative(ff * (1 + 1e-4) + 1e-9, fs, ss * (1 + 1e-4) + 1e-9, fy, sy);
    const [air, fabric] = gains;
    const left =
      state.squares -
      2 * (air * fy + fabric * sy) +
      air * air * ff +
      2 * air * fabric * fs +
      fabric * fabric * ss;
    const weighted = left * penaltyOf(index);
    if (air > 0 && (!best || weighted < best.weighted)) best = { index, air, fabric, left, weighted };
  }
  if (!best || state.squares <= 0) return undefined;
  return {
    response: { ...timesOf(best.index), airRiseK: best.air, fabricRiseKPerH: best.fabric },
    unexplained: Math.max(0, best.left / state.squares),
  };
}

/** Two candidates with their lags exchanged explain nearly the same: the one with an ordinary sensor is likelier. */
const usualSensorS = 280;
const penalty = 0.1;

const penaltyOf = (index: number): number =>
  1 + penalty * Math.log(timesOf(index).sensorLagS / usualSensorS) ** 2;

const timesOf = (index: number) => {
  const { heater = 0, sensor = 0, air = 0 } = bank[index] ?? {};
  return {
    heaterLagS: heaterLags[heater] ?? 0,
    sensorLagS: sensorLags[sensor] ?? 0,
    airTimeS: airTimes[air] ?? 0,
  };
};

/** Least squares with two unknowns, neither below zero. */
function nonNegative(ff: number, fs: number, ss: number, fy: number, sy: number): readonly [number, number] {
  const determinant = ff * ss - fs * fs;
  const first = (fy * ss - sy * fs) / determinant;
  const second = (sy * ff - fy * fs) / determinant;
  if (first >= 0 && second >= 0) return [first, second];
  return second < 0 ? [Math.max(0, fy / ff), 0] : [0, Math.max(0, sy / ss)];
}
