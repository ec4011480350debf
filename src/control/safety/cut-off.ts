/**
 * SR-04: at the cut-off temperature heating stops at once. If this heater may be the cause (it is on, or was within six
 * hours), it stays off until a person clears the fault. Heat of any other origin forbids heating while it lasts and
 * latches nothing: a hot summer must not disable frost protection in winter.
 *
 * Guarantee: a credible reading at the cut-off acts in the same step. A value that changed too fast acts when it repeats,
 * so that a fire near the sensor is not ignored as noise.
 */
import type { Celsius } from "../../base/units.ts";
import { hours, kelvin } from "../../base/units.ts";
import type { Verdict } from "./sensor.ts";

/** Implausible hot readings in a row that trip the cut-off. */
const hotRunTrips = 3;
/** The room must be this far below the cut-off before the fault can end, so that it does not trip again at once. */
const clearMargin = kelvin(1);
/** For so long after it was on, this heater counts as the cause. */
export const heaterCauseWindow = hours(6);

export interface CutOffState {
  readonly hotRun: number;
  readonly tripped: boolean;
  /** The room is hot, not caused by this heater. */
  readonly hotRoom: boolean;
  /** The temperature that tripped it (°C, calibrated). */
  readonly at: Celsius | undefined;
}

export const startCutOff = (tripped: boolean): CutOffState => ({
  hotRun: 0,
  tripped,
  hotRoom: false,
  at: undefined,
});

export interface CutOffInput {
  readonly verdict: Verdict;
  /** Calibrated; `undefined` after a failed attempt. */
  readonly temperature: Celsius | undefined;
  readonly cutOff: Celsius;
  /** The heater is on, or was within `heaterBlamedFor`, or this is unknown. */
  readonly heaterMayBeCause: boolean;
}

export function stepCutOff(state: CutOffState, input: CutOffInput): CutOffState {
  const { verdict, temperature, cutOff, heaterMayBeCause: heaterToBlame } = input;
  const value = verdict === "void" ? undefined : temperature;
  if (value === undefined || value < cutOff) {
    const cooled = value !== undefined && verdict !== "too-fast" && value < cutOff - clearMargin;
    const hotRoom = state.hotRoom && !cooled;
    return state.hotRun === 0 && hotRoom === state.hotRoom ? state : { ...state, hotRun: 0, hotRoom };
  }
  const hotRun = state.hotRun + 1;
  const counts = verdict !== "too-fast" || hotRun >= hotRunTrips;
  if (!counts || state.tripped) return { ...state, hotRun };
  if (heaterToBlame) return { hotRun, tripped: true, hotRoom: false, at: value };
  return { hotRun, tripped: false, hotRoom: true, at: value };
}

/**
 * Whether a person may clear the fault.
 * @param temperature calibrated, from a trusted sensor
 * @returns the reason against it; `undefined` when it may be cleared
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
