/**
 * How long a cycle of the relay is: as long as the ripple of the air stays under its limit, for the life of the relay.
 *
 * Guarantee: between 3600 / `maxStartsPerHour` seconds and half an hour.
 */

import { ratesOf } from "./rates.ts";
import { rippleOf } from "./regulator.ts";
import type { RoomModel } from "./room-model.ts";

export interface CycleSettings {
  /** Peak to peak (K). */
  readonly rippleLimit: number;
  readonly maxStartsPerHour: number;
}

const longestS = 1800;
/** Part of the limit that the cycle itself may use; weather and noise need the rest. */
const share = 0.82;
const bisections = 7;
/** Near no heat and near full power the minimum times stretch the cycle. */
const extremeDuty = 0.2;

/** @param duty mean share of full power, 0 to 1 @returns seconds */
export function cycleLength(room: RoomModel, duty: number, settings: CycleSettings): number {
  const shortestS = 3600 / settings.maxStartsPerHour;
  const rates = ratesOf(room);
  const bounded = Math.min(1 - extremeDuty, Math.max(extremeDuty, duty));
  const fits = (cycleS: number) => rippleOf(rates, bounded, cycleS) <= share * settings.rippleLimit;
  if (fits(longestS)) return Math.max(shortestS, longestS);
  let [low, high] = [shortestS, Math.max(shortestS, longestS)];
  for (let round = 0; round < bisections; round++) {
    const middle = (low + high) / 2;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
