/**
 * Boost: for a while the heating law aims 3 K above the set-point, never above the highest set-point allowed.
 *
 * Guarantees: it only moves the law's aim, so every safety rule and minimum time holds as ever; it ends by itself, by a
 * press of A or B (which does nothing else), and by any change of set-point or mode. Asking again extends it and
 * never adds up, so a repeated command does no harm. After a power cut it goes on only while the wall clock vouches
 * for it: a clock that shows a time before the boost began drops it.
 */
import { clampTarget, type SetPointLimits } from "./set-point.ts";
import type { Celsius, Millis, WallMillis } from "./units.ts";
import { minutes as inMinutes, kelvin, millis, seconds, wallMillis } from "./units.ts";

/** On the core's own time line. */
export interface Boost {
  readonly since: Millis;
  readonly until: Millis;
  /** For people: stands still while the two clocks drift, follows when the wall clock is set. */
  readonly untilWallMs: WallMillis;
}

/** The same as stored. */
export interface StoredBoost {
  readonly sinceWallMs: WallMillis;
  readonly untilWallMs: WallMillis;
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
  return { since: boost?.since ?? now, until, untilWallMs: wallMillis(until - now + wallMs) };
}

/** By more than this the wall clock was set. */
const drift = seconds(5);

/** @returns the same boost while its label is good enough */
export function relabelBoost(boost: Boost, now: Millis, wallMs: WallMillis): Boost {
  const untilWallMs = wallMillis(boost.until - now + wallMs);
  return Math.abs(untilWallMs - boost.untilWallMs) > drift ? { ...boost, untilWallMs } : boost;
}

/** What the heating law aims at, and the screen shows. */
export function aimOf(
  panel: { readonly target: Celsius; readonly boost: Boost | undefined },
  limits: SetPointLimits,
): Celsius {
  return panel.boost ? clampTarget(panel.target + boostRise, limits) : panel.target;
}

/** @param wallOffset from the core's time to wall time */
export const storeBoost = (boost: Boost, wallOffset: Millis): StoredBoost => ({
  sinceWallMs: wallMillis(boost.since + wallOffset),
  untilWallMs: boost.untilWallMs,
});

/** @returns `undefined` when the wall clock cannot be right; one whose time is over ends in the first step */
export function restoreBoost(stored: StoredBoost, now: Millis, wallMs: WallMillis): Boost | undefined {
  if (wallMs < stored.sinceWallMs) return undefined;
  const wallOffset = wallMs - now;
  const { sinceWallMs, untilWallMs } = stored;
  return { since: millis(sinceWallMs - wallOffset), until: millis(untilWallMs - wallOffset), untilWallMs };
}
