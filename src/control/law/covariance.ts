/**
 * How uncertain the estimate is: the covariance of sensor, air, fabric and load, in the Kalman filter of
 * room-estimate.ts. Matrices are 16 numbers, row by row.
 *
 * Guarantee: variances stay bounded.
 */
import type { Rates } from "./rates.ts";

export type Covariance = readonly number[];

/** At the start (K², square of a share of full power). */
// biome-ignore format: a matrix
export const startCovariance: Covariance = [
  0.09, 0, 0, 0,
  0, 0.25, 0, 0,
  0, 0, 1, 0,
  0, 0, 0, 0.16,
];

/** Random walk of the load: share of full power in an hour. */
const loadWalk = 0.05;
/** The same of the air's own temperature (K) and of the fabric's. */
const airWalk = 0.03;
const fabricWalk = 0.02;
const largest = 1e3;

/** After a change of the model or a gap. */
export const lessCertainCovariance = (before: Covariance): Covariance =>
  widened(before, 0.01, 0.04, 0.1, 0.01);

/** After that time without a reading. @param widen factor for the walk of the load */
export function predicted(before: Covariance, rates: Rates, seconds: number, widen: number): Covariance {
  const motion = transition(rates, seconds);
  const moved = multiply(multiply(motion, before), transposed(motion));
  const hours = seconds / 3600;
  const load = loadWalk * loadWalk * hours * widen;
  return widened(moved, 1e-7, airWalk * airWalk * hours, fabricWalk * fabricWalk * hours, load);
}

/** After a reading of the sensor, with the gain that it has for each of the four. */
export function corrected(before: Covariance, gains: readonly number[]): Covariance {
  const result = before.slice();
  for (let index = 0; index < 16; index++) {
    result[index] = (before[index] ?? 0) - (gains[index >> 2] ?? 0) * (before[index & 3] ?? 0);
  }
  return result;
}

function widened(before: Covariance, sensor: number, air: number, fabric: number, load: number): Covariance {
  const result = before.slice();
  result[0] = Math.min(largest, (before[0] ?? 0) + sensor);
  result[5] = Math.min(largest, (before[5] ?? 0) + air);
  result[10] = Math.min(largest, (before[10] ?? 0) + fabric);
  result[15] = Math.min(largest, (before[15] ?? 0) + load);
  return result;
}

/** How the four move in that time without heat. */
function transition(rates: Rates, seconds: number): readonly number[] {
  const fastest = Math.max(rates.sensor, rates.airFabric);
  const doublings = Math.max(0, Math.ceil(Math.log2((seconds * fastest) / 0.25)));
  const h = seconds / 2 ** doublings;
  const { sensor, air, airFabric, fabricAir, fabricOut } = rates;
  // biome-ignore format: a matrix
  const step = [
    -sensor * h, sensor * h, 0, 0,
    0, -airFabric * h, airFabric * h, air * h,
    0, fabricAir * h, (-fabricAir - fabricOut) * h, 0,
    0, 0, 0, 0,
  ];
  const square = multiply(step, step);
  let result = step.slice();
  for (let index = 0; index < 16; index++) {
    result[index] = (step[index] ?? 0) + (square[index] ?? 0) / 2 + (index % 5 === 0 ? 1 : 0);
  }
  for (let round = 0; round < doublings; round++) result = multiply(result, result);
  return result;
}

// The results below begin as copies: an array made of numbers stays one, which is ten times as fast as any other.

function multiply(a: readonly number[], b: readonly number[]): number[] {
  const result = a.slice();
  for (let row = 0; row < 16; row += 4) {
    const [a0 = 0, a1 = 0, a2 = 0, a3 = 0] = [a[row], a[row + 1], a[row + 2], a[row + 3]];
    for (let column = 0; column < 4; column++) {
      result[row + column] =
        a0 * (b[column] ?? 0) +
        a1 * (b[column + 4] ?? 0) +
        a2 * (b[column + 8] ?? 0) +
        a3 * (b[column + 12] ?? 0);
    }
  }
  return result;
}

function transposed(a: readonly number[]): number[] {
  const result = a.slice();
  for (let index = 0; index < 16; index++) result[index] = a[4 * (index & 3) + (index >> 2)] ?? 0;
  return result;
}
