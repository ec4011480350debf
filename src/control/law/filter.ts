/**
 * Filters the noise of the readings: a first-order low pass, advanced by its exact solution, so that readings may come at
 * any spacing.
 */
export interface FilterState {
  /** Smoothed temperature (°C). */
  readonly smooth: number;
}

/** Noise of 0.2 K in readings 10 s apart leaves 0.07 K; a sensor in a case is slower than this anyway. */
const smoothingS = 35;

/** The state after one more reading; the first reading is taken unfiltered. */
export function filter(state: FilterState | undefined, temperature: number, elapsedS: number): FilterState {
  if (!state) return { smooth: temperature };
  return { smooth: state.smooth + (temperature - state.smooth) * (1 - Math.exp(-elapsedS / smoothingS)) };
}
