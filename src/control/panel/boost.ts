/**
 * Boost: for a while the heating law aims 3 K above the set-point, never above the highest set-point allowed.
 *
 * Guarantees: it only moves the law's aim, so every safety rule and minimum time holds as ever; it ends by itself, by a
 * press of A or B (which does nothing else), and by any change of set-point or mode. Asking again extends it and
 * never adds up, so a repeated command does no harm. After a power cut it never runs longer than what was left when it
 * was stored, and no longer than the wall clock says; a clock that shows a time before it was stored is wrong, and
 * drops it. On a Pi without a battery the clock may start hours behind: when it jumps past the end, the boost ends.
 */

import type { Celsius, Millis, WallMillis } from "../../base/units.ts";
import { minutes as inMinutes, kelvin, millis, seconds, wallMillis } from "../../base/units.ts";
import { clampTarget, type SetPointLimits } from "./set-point.ts";

/** On the core's own time line. */
export interface Boost {
  readonly since: Millis;
  readonly until: Millis;
  /** For people: stands still while the two clocks drift, follows when the wall clock is set. */
  readonly untilWallMs: WallMillis;
  /** It was restored after a start: it also ends when the wall clock shows this, as nobody knows how long that took. */
  readonly endsAtWallMs?: WallMillis | undefined;
}

/** The same as stored. Older firmware did not write the last two. */
export interface StoredBoost {
  readonly sinceWallMs: WallMillis;
  readonly untilWallMs: WallMillis;
  readonly storedWallMs?: WallMillis | undefined;
  /** What was left of it then. */
  readonly leftMs?: Millis | undefined;
}

/** Enough to be felt, and with most rooms full power for the first half hour. */
const boostRise = kelvin(3);

export function extendBoost(
  boost: Boost | undefined,
  minutes: number,
  now: Millis,
  wallMs: WallMillis,
): Boost {
  const until = millis(Math.max(boost?.until ?? now, now + inMinutes(minutes)));
  if (boost && until === boost.until) return boost;
  return { since: boost?.since ?? now, until, untilWallMs: wallMillis(until - now + wallMs) };
}

/** By more than this the wall clock was set. */
const drift = seconds(5);

export const isOver = ({ until, endsAtWallMs }: Boost, now: Millis, wallMs: WallMillis): boolean =>
  now >= until || (endsAtWallMs !== undefined && wallMs >= endsAtWallMs);

/** @returns the same boost while its label is good enough */
export function relabelBoost(boost: Boost, now: Millis, wallMs: WallMillis): Boost {
  const byTime = boost.until - now + wallMs;
  const untilWallMs = wallMillis(Math.min(byTime, boost.endsAtWallMs ?? byTime));
  return Math.abs(untilWallMs - boost.untilWallMs) > drift ? { ...boost, untilWallMs } : boost;
}

/** What the heating law aims at, and the screen shows. */
export function aimOf(
  panel: { readonly values: { readonly targetTemperature: Celsius }; readonly boost: Boost | undefined },
  limits: SetPointLimits,
): Celsius {
  const { targetTemperature } = panel.values;
  return panel.boost ? clampTarget(targetTemperature + boostRise, limits) : targetTemperature;
}

/** @param wallOffset from the core's time to wall time */
export const storeBoost = (boost: Boost, now: Millis, wallOffset: Millis): StoredBoost => ({
  sinceWallMs: wallMillis(boost.since + wallOffset),
  untilWallMs: boost.untilWallMs,
  storedWallMs: wallMillis(now + wallOffset),
  leftMs: millis(Math.max(0, boost.until - now)),
});

/** @returns `undefined` when the wall clock cannot be right; one whose time is over ends in the first step */
export function restoreBoost(stored: StoredBoost, now: Millis, wallMs: WallMillis): Boost | undefined {
  const { sinceWallMs, untilWallMs, storedWallMs = sinceWallMs, leftMs = untilWallMs - sinceWallMs } = stored;
  if (wallMs < storedWallMs - drift) return undefined;
  const left = Math.min(leftMs, untilWallMs - wallMs);
  return {
    since: millis(sinceWallMs - wallMs + now),
    until: millis(now + left),
    untilWallMs: wallMillis(Math.min(untilWallMs, wallMs + left)),
    endsAtWallMs: untilWallMs,
  };
}
