/**
 * Optimum start: when to begin heating so that the room is warm at the time of its next set-point.
 *
 * Guarantee: at most `longestStart` ahead, however slow the room is.
 */
import type { Millis } from "../../base/units.ts";
import { hours, millis, minutes } from "../../base/units.ts";
import { ratesOf } from "./rates.ts";
import type { EstimateState } from "./room-estimate.ts";
import { advance, reference } from "./room-estimate.ts";
import type { RoomModel } from "./room-model.ts";

export const longestStart = hours(6);
const step = minutes(5);
/** The room counts as warm so far below the set-point (K). */
const warmMargin = 0.2;

/**
 * How long before the time of a higher set-point full power must begin.
 * @param target the next set-point (°C)
 * @returns 0 when the room is warm already
 */
export function leadTime(room: RoomModel, estimate: EstimateState, target: number): Millis {
  const rates = ratesOf(room);
  const wanted = target - reference - warmMargin;
  let { thermal } = estimate;
  let lead = 0;
  while (thermal.air < wanted && lead < longestStart) {
    thermal = advance(rates, thermal, 1, estimate.load, step / 1000);
    lead += step;
  }
  return millis(lead);
}

/**
 * The set-point that the law should keep now: the next one already, once its lead time has come. A lower one never
 * begins early.
 * @param next its time on the same clock as `now`
 */
export function setPointAhead(
  current: number,
  next: { readonly target: number; readonly at: Millis } | undefined,
  room: RoomModel,
  estimate: EstimateState | undefined,
  now: Millis,
): number {
  if (!next || !estimate || next.target <= current || now >= next.at) return current;
  if (next.at - now > longestStart) return current;
  return next.at - now <= leadTime(room, estimate, next.target) ? next.target : current;
}
