/**
 * Filters the noise of the readings and computes the slope of the room temperature.
 *
 * Two first-order low passes in a row, each advanced by its exact solution, so that readings may come at any
 * spacing. The difference between them over the time constant of the second is the smoothed slope.
 */
export interface FilterState {
  /** Smoothed temperature (°C). */
  readonly smooth: number;
  /** The same, smoothed once more (°C). */
  readonly slower: number;
}

/** Noise of 0.2 K in readings 10 s apart leaves 0.07 K; a sensor in a case is slower than this anyway. */
const smoothingS = 35;
const slopeS = 90;

/** The state after one more reading; the first reading is taken unfiltered. */
export function filter(state: FilterState | undefined, temperature: number, elapsedS: number): FilterState {
  if (!state) return { smooth: temperature, slower: temperature };
  const smooth = approach(state.smooth, temperature, elapsedS / smoothingS);
  return { smooth, slower: approach(state.slower, smooth, elapsedS / slopeS) };
}

/** How fast the room is warming, in K/s. */
export const slope = (state: FilterState): number => (state.smooth - state.slower) / slopeS;

function approach(from: number, to: number, timeConstants: number): number {
  return from + (to - from) * (1 - Math.exp(-timeConstants));
}
