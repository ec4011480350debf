/**
 * Averages readings over half a minute, and measures their noise.
 *
 * Guarantee: the same room gives the same averages whether it is read every second or every 15 s. The noise is that of
 * one reading, from the differences of neighbours, which a room's own changes hardly touch.
 */

/** Length of an average (s): far below the time constants of rooms, far above the period of readings. */
export const averageS = 30;
/** Memory of the noise, in readings. */
const noiseMemory = 300;
/** A larger square of a jump, in variances, is a change of the room or of the sensor, not noise. */
const largestJumpSquare = 16;
/** Before the first differences (K). */
const firstNoise = 0.05;
const firstCount = 5;
/** A coarse sensor repeats its value, so that its errors of neighbouring averages are the same. */
const repeats = 3;

export interface ReadingsState {
  readonly sumK: number;
  readonly count: number;
  readonly elapsedS: number;
  readonly onS: number;
  readonly last: number | undefined;
  /** Mean square of the difference of neighbours (K²), and how many were seen, up to the memory. */
  readonly square: number;
  readonly seen: number;
  /** Smallest step between two readings (K): the resolution of the sensor. */
  readonly stepK: number;
}

export interface Average {
  readonly temperature: number;
  /** Share of the time that the heater was on. */
  readonly on: number;
  readonly elapsedS: number;
  /** Variance of the average (K²). */
  readonly variance: number;
}

export const startReadings = (noiseK: number): ReadingsState => ({
  sumK: 0,
  count: 0,
  elapsedS: 0,
  onS: 0,
  last: undefined,
  square: 2 * Math.max(noiseK, firstNoise / 5) ** 2,
  seen: firstCount,
  stepK: 1,
});

/** @param elapsedS since the last reading, with the heater on or off throughout */
export function addReading(
  state: ReadingsState,
  temperature: number,
  elapsedS: number,
  heaterOn: boolean,
): { readonly state: ReadingsState; readonly average: Average | undefined } {
  const { square, seen, stepK } = noiseAfter(state, temperature);
  const sumK = state.sumK + temperature;
  const count = state.count + 1;
  const total = state.elapsedS + elapsedS;
  const onS = state.onS + (heaterOn ? elapsedS : 0);
  if (total < averageS) {
    return {
      state: { sumK, count, elapsedS: total, onS, last: temperature, square, seen, stepK },
      average: undefined,
    };
  }
  return {
    state: { sumK: 0, count: 0, elapsedS: 0, onS: 0, last: temperature, square, seen, stepK },
    average: {
      temperature: sumK / count,
      on: onS / total,
      elapsedS: total,
      variance: varianceOf(square, stepK, count),
    },
  };
}

export const shiftReadings = (state: ReadingsState, by: number): ReadingsState => ({
  ...state,
  sumK: state.sumK + by * state.count,
  last: state.last === undefined ? undefined : state.last + by,
});

function noiseAfter(
  { last, square, seen, stepK }: ReadingsState,
  temperature: number,
): Pick<ReadingsState, "square" | "seen" | "stepK"> {
  if (last === undefined) return { square, seen, stepK };
  const moved = Math.abs(temperature - last);
  const jump = Math.min(moved * moved, largestJumpSquare * Math.max(square, 1e-5));
  const count = Math.min(noiseMemory, seen + 1);
  return {
    square: square + (jump - square) / count,
    seen: count,
    stepK: moved > 1e-4 && moved < stepK ? moved : stepK,
  };
}

/** Noise of one reading (K). */
export const noiseOf = (state: ReadingsState): number => Math.sqrt(state.square / 2);

function varianceOf(square: number, stepK: number, count: number): number {
  const white = square / 2;
  // Noise of more than half a step makes the error of rounding white, and part of the differences.
  const coarse = stepK < 1 ? stepK ** 2 / 12 : 0;
  const hidden = coarse * Math.exp(-white / Math.max(1e-12, coarse));
  return white / count + repeats * hidden + 4e-6;
}
