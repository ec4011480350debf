/**
 * Set-point arithmetic without float dirt: whole hundredths of a degree inside, so that a hundred presses up and
 * down end exactly where they began.
 *
 * Guarantee: whatever goes in, what comes out lies within the limits.
 */
import type { Settings } from "./settings-table.ts";
import type { Celsius } from "./units.ts";
import { celsius } from "./units.ts";

export type SetPointLimits = Pick<Settings, "targetMin" | "targetMax" | "targetStep">;

const hundredths = (value: number) => Math.round(value * 100);

/** Into the limits, to a hundredth of a degree. */
export function clampTarget(target: number, limits: SetPointLimits): Celsius {
  const low = hundredths(limits.targetMin);
  const high = hundredths(limits.targetMax);
  return celsius(Math.min(high, Math.max(low, hundredths(target))) / 100);
}

/**
 * `presses` steps up (or down when negative). The grid is the whole multiples of the step: a set-point that
 * the cloud put off the grid moves to the next grid value in the direction pressed.
 */
export function nudgeTarget(target: Celsius, presses: number, limits: SetPointLimits): Celsius {
  if (presses === 0) return target;
  const step = hundredths(limits.targetStep);
  const at = hundredths(target) / step;
  const from = presses > 0 ? Math.floor(at) : Math.ceil(at);
  return clampTarget(((from + presses) * step) / 100, limits);
}
