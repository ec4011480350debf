/**
 * SR-04: at the cut-off temperature heat stops at once and stays off until a person clears it.
 *
 * Guarantee: a credible reading at the cut-off trips at the step that sees it. A value that came too fast to be
 * credible trips when it repeats, so that a fire next to the sensor is not mistaken for noise.
 */
import type { Celsius } from "../units.ts";
import { kelvin } from "../units.ts";
import type { Verdict } from "./sensor.ts";

/** Incredible readings in a row that are believed about heat. */
const hotRunTrips = 3;
/** The room must be this far below the cut-off before the fault may be cleared: no clearing into the next trip. */
const clearMargin = kelvin(1);

export interface CutOffState {
  readonly hotRun: number;
  readonly tripped: boolean;
  /** What tripped it (°C, calibrated). */
  readonly at: Celsius | undefined;
}

export const startCutOff = (tripped: boolean): CutOffState => ({ hotRun: 0, tripped, at: undefined });

/** @param temperature calibrated; `undefined` for an attempt that gave none */
export function stepCutOff(
  state: CutOffState,
  verdict: Verdict,
  temperature: Celsius | undefined,
  cutOff: Celsius,
): CutOffState {
  const hot = temperature !== undefined && verdict !== "void" && temperature >= cutOff;
  if (!hot) return state.hotRun === 0 ? state : { ...state, hotRun: 0 };
  const hotRun = state.hotRun + 1;
  const trips = verdict !== "too-fast" || hotRun >= hotRunTrips;
  if (!trips || state.tripped) return { ...state, hotRun };
  return { hotRun, tripped: true, at: temperature };
}

/**
 * A person wants it cleared.
 * @param temperature calibrated, from a trusted sensor
 * @returns why not, or `undefined` when the cause is gone
 */
export function whyNotClear(
  state: CutOffState,
  temperature: Celsius | undefined,
  cutOff: Celsius,
): string | undefined {
  if (temperature === undefined) return "over-temperature stays: there is no credible reading";
  if (state.hotRun > 0) return "over-temperature stays: the newest reading is above the cut-off";
  const limit = cutOff - clearMargin;
  if (temperature < limit) return undefined;
  return `over-temperature stays: it is ${temperature.toFixed(1)} °C, and must be below ${limit} °C`;
}
