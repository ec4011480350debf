/**
 * SR-04: at the cut-off temperature heat stops at once. If this heater may have made it so hot (it is on, or was within
 * six hours), it stays off until a person clears the fault. Heat of any other origin forbids heating while it lasts and
 * latches nothing: a hot summer must not leave the house without frost protection in winter.
 *
 * Guarantee: a credible reading at the cut-off acts at the step that sees it. A value that came too fast to be
 * credible acts when it repeats, so that a fire next to the sensor is not mistaken for noise.
 */
import type { Celsius } from "../../base/units.ts";
import { hours, kelvin } from "../../base/units.ts";
import type { Verdict } from "./sensor.ts";

/** Incredible readings in a row that are believed about heat. */
const hotRunTrips = 3;
/** The room must be this far below the cut-off before the fault may be cleared or ends: no end into the next trip. */
const clearMargin = kelvin(1);
/** For so long after it was on last, this heater is held to be the cause. */
export const heaterBlamedFor = hours(6);

export interface CutOffState {
  readonly hotRun: number;
  readonly tripped: boolean;
  /** The room is hot, and this heater did not do it. */
  readonly hotRoom: boolean;
  /** What tripped it (°C, calibrated). */
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
  /** Calibrated; `undefined` for an attempt that gave none. */
  readonly temperature: Celsius | undefined;
  readonly cutOff: Celsius;
  /** The heater is on, or was within `heaterBlamedFor`, or nobody can know. */
  readonly heaterToBlame: boolean;
}

export function stepCutOff(state: CutOffState, input: CutOffInput): CutOffState {
  const { verdict, temperature, cutOff, heaterToBlame } = input;
  const value = verdict === "void" ? undefined : temperature;
  if (value === undefined || value < cutOff) {
    const cooled = value !== undefined && verdict !== "too-fast" && value < cutOff - clearMargin;
    const hotRoom = state.hotRoom && !cooled;
    return state.hotRun === 0 && hotRoom === state.hotRoom ? state : { ...state, hotRun: 0, hotRoom };
  }
  const hotRun = state.hotRun + 1;
  const believed = verdict !== "too-fast" || hotRun >= hotRunTrips;
  if (!believed || state.tripped) return { ...state, hotRun };
  if (heaterToBlame) return { hotRun, tripped: true, hotRoom: false, at: value };
  return { hotRun, tripped: false, hotRoom: true, at: value };
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
