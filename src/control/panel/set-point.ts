/**
 * Set-point arithmetic in whole hundredths of a degree, without floating-point errors: a hundred presses up and down
 * return exactly to the start.
 *
 * Guarantee: results are always within the limits.
 */

import type { Celsius } from "../../base/units.ts";
import { celsius } from "../../base/units.ts";
import type { Settings } from "../../model/settings-table.ts";

export type SetPointLimits = Pick<Settings, "targetMin" | "targetMax" | "targetStep">;

const hundredths = (value: number) => Math.round(value * 100);

/** Clamps to the limits and rounds to a hundredth of a degree. */
export function clampTarget(target: number, limits: SetPointLimits): Celsius {
  const low = hundredths(limits.targetMin);
  const high = hundredths(limits.targetMax);
  return celsius(Math.min(high, Math.max(low, hundredths(target))) / 100);
}

export type NudgeSettings = SetPointLimits & Pick<Settings, "displayUnit">;

/**
 * `presses` steps up (or down when negative). The grid is multiples of the step, or whole degrees Fahrenheit when the
 * display is in °F: a set-point off the grid moves to the next grid value in the direction pressed.
 */
export function nudgeTarget(target: Celsius, presses: number, limits: NudgeSettings): Celsius {
  if (presses === 0) return target;
  if (limits.displayUnit === "F") return nudgeFahrenheit(target, presses, limits);
  const step = hundredths(limits.targetStep);
  const at = hundredths(target) / step;
  const from = presses > 0 ? Math.floor(at) : Math.ceil(at);
  return clampTarget(((from + presses) * step) / 100, limits);
}

/** The set-point at the start: on the grid of whole degrees Fahrenheit when the display is in °F. */
export function startTarget(target: number, limits: NudgeSettings): Celsius {
  if (limits.displayUnit === "C") return celsius(target);
  const [lowest, highest] = wholeFahrenheit(limits);
  if (lowest > highest) return celsius(target);
  return clampTarget(
    ((Math.min(highest, Math.max(lowest, Math.round(fahrenheit(target)))) - 32) * 5) / 9,
    limits,
  );
}

const fahrenheit = (value: number) => (value * 9) / 5 + 32;
/** °F: slightly more than the effect of rounding to a hundredth of a degree Celsius. */
const rounding = 0.01;

/** The first and the last whole degree within the limits. */
const wholeFahrenheit = ({ targetMin, targetMax }: SetPointLimits): readonly [number, number] => [
  Math.ceil(fahrenheit(targetMin) - rounding),
  Math.floor(fahrenheit(targetMax) + rounding),
];

/** Stops at the last whole degree within the limits. */
function nudgeFahrenheit(target: Celsius, presses: number, limits: SetPointLimits): Celsius {
  const exact = fahrenheit(target);
  const nearest = Math.round(exact);
  const at = Math.abs(exact - nearest) < rounding ? nearest : exact;
  const [lowest, highest] = wholeFahrenheit(limits);
  const from = presses > 0 ? Math.floor(at) : Math.ceil(at);
  const wanted = Math.min(highest, Math.max(lowest, from + presses));
  if (lowest > highest) return target;
  const moves = presses > 0 ? wanted > at : wanted < at;
  return clampTarget(moves ? ((wanted - 32) * 5) / 9 : target, limits);
}
