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

const heaters = heaterLags.length;
const sensors = sensorLags.length;
const airs = airTimes.length;
const pairs = heaters * sensors;
const candidates = pairs * airs;

/** Where the numbers of each kind begin: states of filters, then sums over time of products. */
const at = offsets({
  /** For each heater: its body, and what the first high pass leaves of the body's integral, which is a low pass. */
  body: heaters,
  integral: heaters,
  air: heaters * airs,
  /** What the sensor shows of the air, and of the integral. */
  fast: candidates,
  steady: pairs,
  fastFast: candidates,
  fastSteady: candidates,
  fastLevel: candidates,
  steadySteady: pairs,
  steadyLevel: pairs,
});

function offsets<Kind extends string>(counts: Record<Kind, number>): Record<Kind | "end", number> {
  let end = 0;
  const firsts = Object.entries<number>(counts).map(([kind, count]) => {
    end += count;
    return [kind, end - count] as const;
  });
  return { ...Object.fromEntries(firsts), end } as Record<Kind | "end", number>;
}

/** So many averages are added at once: five minutes, since a copy of the bank costs as much as adding some of them. */
const batch = 10;

export interface BankState {
  /** Filters and sums. An ordinary array, which is faster to make than a typed one. */
  readonly numbers: readonly number[];
  /** What is not in them yet. */
  readonly waiting: readonly Evidence[];
  /** High-pass filter of the readings, and the sum of their squares (K²h). */
  readonly level: readonly [slow: number, slower: number] | undefined;
  readonly squares: number;
  /** Low pass of the command: what differs from it is a change of heat. */
  readonly command: number;
  /** Hours with changes of heat, faded like the sums. */
  readonly hours: number;
}

export const startBank: BankState = {
  numbers: Array.from({ length: at.end }, () => 0),
  waiting: [],
  level: undefined,
  squares: 0,
  command: 0,
  hours: 0,
};

export const shiftBank = (state: BankState, by: number): BankState =>
  state.level ? { ...state, level: [state.level[0] + by, state.level[1]] } : state;

/** @param counts false while something other than heater and weather acts (a window, a fault) */
export function addToBank(state: BankState, average: Average, counts: boolean): BankState {
  const { temperature, on, elapsedS } = average;
  const pass = Math.exp(-elapsedS / passS);
  const [slow0, slower0] = state.level ?? [temperature, 0];
  const slow = temperature + (slow0 - temperature) * pass;
  const high = temperature - (slow + slow0) / 2;
  const slower = high + (slower0 - high) * pass;
  const level = high - (slower + slower0) / 2;
  const command = on + (state.command - on) * pass;
  const change = Math.min(1, 4 * Math.abs(on - command));
  const weight = counts ? elapsedS / 3600 : 0;
  const fade = Math.exp((-weight * change) / memoryH);
  const squares = state.squares * fade + weight * level * level;
  const waiting = [
    ...state.waiting,
    { commandHigh: on - (command + state.command) / 2, level, weight, fade, elapsedS },
  ];
  const isFull = waiting.length >= batch;
  return {
    numbers: isFull ? withEvidence(state.numbers, waiting) : state.numbers,
    waiting: isFull ? [] : waiting,
    level: [slow, slower],
    squares,
    command,
    hours: state.hours * fade + weight * change,
  };
}

/** The values of one average, after the high-pass filters of the readings and the first one of the command. */
interface Evidence {
  readonly commandHigh: number;
  readonly level: number;
  readonly weight: number;
  readonly fade: number;
  readonly elapsedS: number;
}

function withEvidence(before: readonly number[], waiting: readonly Evidence[]): readonly number[] {
  const numbers = [...before];
  for (const evidence of waiting) {
    const keep = (time: number) => Math.exp(-evidence.elapsedS / time);
    const keeps = {
      heater: heaterLags.map(keep),
      sensor: sensorLags.map(keep),
      air: airTimes.map(keep),
      pass: keep(passS),
    };
    for (let heater = 0; heater < heaters; heater++) addToHeater(numbers, heater, keeps, evidence);
  }
  return numbers;
}

interface Keeps {
  readonly heater: readonly number[];
  readonly sensor: readonly number[];
  readonly air: readonly number[];
  readonly pass: number;
}

/**
 * All candidates with that heater. Linear filters commute: the first high pass acts on the command and the second on the
 * body, once for all of them.
 */
function addToHeater(numbers: number[], heater: number, keeps: Keeps, evidence: Evidence): void {
  const body = lag(numbers, at.body + heater, evidence.commandHigh, keeps.heater[heater] ?? 0);
  const integral = lag(numbers, at.integral + heater, body, keeps.pass);
  const risen = integral * (passS / 3600);
  const warmed = keeps.air.map((keep, air) =>
    lag(numbers, at.air + heater * airs + air, body - integral, keep),
  );
  for (let sensor = 0; sensor < sensors; sensor++) {
    const pair = heater * sensors + sensor;
    addToPair(numbers, pair, { warmed, risen, keep: keeps.sensor[sensor] ?? 0 }, evidence);
  }
}

interface Felt {
  /** The air of each candidate, and the integral. */
  readonly warmed: readonly number[];
  readonly risen: number;
  /** Of the sensor. */
  readonly keep: number;
}

/** All candidates with that heater and sensor. */
function addToPair(
  numbers: number[],
  pair: number,
  { warmed, risen, keep }: Felt,
  { level, weight, fade }: Evidence,
): void {
  const steady = lag(numbers, at.steady + pair, risen, keep);
  add(numbers, at.steadySteady + pair, fade, weight * steady * steady);
  add(numbers, at.steadyLevel + pair, fade, weight * steady * level);
  for (let air = 0; air < airs; air++) {
    const index = pair * airs + air;
    const fast = lag(numbers, at.fast + index, warmed[air] ?? 0, keep);
    add(numbers, at.fastFast + index, fade, weight * fast * fast);
    add(numbers, at.fastSteady + index, fade, weight * fast * steady);
    add(numbers, at.fastLevel + index, fade, weight * fast * level);
  }
}

/** A first-order lag whose state is at `index`. @returns its mean over the step */
function lag(numbers: number[], index: number, input: number, keep: number): number {
  const before = numbers[index] ?? 0;
  const after = input + (before - input) * keep;
  numbers[index] = after;
  return (before + after) / 2;
}

function add(numbers: number[], index: number, fade: number, value: number): void {
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
export function bestFit({ numbers: added, waiting, squares }: BankState): Fit | undefined {
  const numbers = waiting.length > 0 ? withEvidence(added, waiting) : added;
  if (squares <= 0) return undefined;
  let [best, lowest] = [-1, Number.POSITIVE_INFINITY];
  for (let index = 0; index < candidates; index++) {
    const { air, left } = fitOf(numbers, squares, index);
    const weighted = left * (penalties[index] ?? 1);
    if (air > 0 && weighted < lowest) [best, lowest] = [index, weighted];
  }
  if (best < 0) return undefined;
  const { air, fabric, left } = fitOf(numbers, squares, best);
  return {
    response: { ...timesOf(best), airRiseK: air, fabricRiseKPerH: fabric },
    unexplained: Math.max(0, left / squares),
  };
}

/** The best gains of a candidate, and the squares that they leave. */
function fitOf(numbers: readonly number[], squares: number, index: number) {
  const pair = Math.floor(index / airs);
  const ff = numbers[at.fastFast + index] ?? 0;
  const fs = numbers[at.fastSteady + index] ?? 0;
  const ss = numbers[at.steadySteady + pair] ?? 0;
  const fy = numbers[at.fastLevel + index] ?? 0;
  const sy = numbers[at.steadyLevel + pair] ?? 0;
  const [air, fabric] = nonNegative(ff * (1 + 1e-4) + 1e-9, fs, ss * (1 + 1e-4) + 1e-9, fy, sy);
  const left =
    squares - 2 * (air * fy + fabric * sy) + air * air * ff + 2 * air * fabric * fs + fabric * fabric * ss;
  return { air, fabric, left };
}

const timesOf = (index: number) => {
  const pair = Math.floor(index / airs);
  return {
    heaterLagS: heaterLags[Math.floor(pair / sensors)] ?? 0,
    sensorLagS: sensorLags[pair % sensors] ?? 0,
    airTimeS: airTimes[index % airs] ?? 0,
  };
};

/** Two candidates with their lags exchanged explain nearly the same: the one with an ordinary sensor is likelier. */
const usualSensorS = 280;
const penalty = 0.1;
const penalties = Array.from(
  { length: candidates },
  (_, index) => 1 + penalty * Math.log(timesOf(index).sensorLagS / usualSensorS) ** 2,
);

/** Least squares with two unknowns, neither below zero. */
function nonNegative(ff: number, fs: number, ss: number, fy: number, sy: number): readonly [number, number] {
  const determinant = ff * ss - fs * fs;
  const first = (fy * ss - sy * fs) / determinant;
  const second = (sy * ff - fy * fs) / determinant;
  if (first >= 0 && second >= 0) return [first, second];
  return second < 0 ? [Math.max(0, fy / ff), 0] : [0, Math.max(0, sy / ss)];
}
