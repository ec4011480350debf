/**
 * Boost: for a limited time the heating law's target is 3 K above the set-point, at most the highest set-point allowed.
 *
 * Guarantees: it changes only the law's target, so all safety rules and minimum times hold; it ends after its time, by a
 * press of A or B (which does nothing else), and by any change of set-point or mode. A repeated request extends it but
 * does not add up. After a power cut it lasts at most as long as was left when it was stored, and not beyond its end by
 * the wall clock; a wall clock before the time of storing is wrong and cancels it. On a Pi without an RTC battery the
 * clock may start hours behind: when it jumps past the end, the boost ends.
 */

import type { Celsius, Millis, WallMillis } from "../../base/units.ts";
import { minutes as inMinutes, kelvin, millis, seconds, wallMillis } from "../../base/units.ts";
import { setPointOf } from "../schedule/schedule.ts";
import { clampTarget, type SetPointLimits } from "./set-point.ts";

/** On the core's own time line. */
export interface Boost {
  readonly since: Millis;
  readonly until: Millis;
  /** For display: ignores drift between the two clocks, follows when the wall clock is set. */
  readonly untilWallMs: WallMillis;
  /** After a restart it also ends at this wall time, since the duration of the outage is unknown. */
  readonly endsAtWallMs?: WallMillis | undefined;
}

/** Its stored form. Older firmware did not write the last two members. */
export interface StoredBoost {
  readonly sinceWallMs: WallMillis;
  readonly untilWallMs: WallMillis;
  readonly storedWallMs?: WallMillis | undefined;
  /** Remaining time when it was stored. */
  readonly leftMs?: Millis | undefined;
}

/** Noticeable, and full power for the first half hour in most rooms. */
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

/** A larger difference means that the wall clock was set. */
const drift = seconds(5);

export const isOver = ({ until, endsAtWallMs }: Boost, now: Millis, wallMs: WallMillis): boolean =>
  now >= until || (endsAtWallMs !== undefined && wallMs >= endsAtWallMs);

/** Updates `untilWallMs` after the wall clock was set. @returns the same object without a change */
export function relabelBoost(boost: Boost, now: Millis, wallMs: WallMillis): Boost {
  const byTime = boost.until - now + wallMs;
  const untilWallMs = wallMillis(Math.min(byTime, boost.endsAtWallMs ?? byTime));
  return Math.abs(untilWallMs - boost.untilWallMs) > drift ? { ...boost, untilWallMs } : boost;
}

/** The effective target on the screen: the set-point in force, or more during a boost. */
export function effectiveTarget(
  panel: Parameters<typeof setPointOf>[0] & { readonly boost: Boost | undefined },
  limits: SetPointLimits,
): Celsius {
  const setPoint = setPointOf(panel);
  return panel.boost ? clampTarget(setPoint + boostRise, limits) : setPoint;
}

/** @param wallOffset from the core's time to wall time */
export const storeBoost = (boost: Boost, now: Millis, wallOffset: Millis): StoredBoost => ({
  sinceWallMs: wallMillis(boost.since + wallOffset),
  untilWallMs: boost.untilWallMs,
  storedWallMs: wallMillis(now + wallOffset),
  leftMs: millis(Math.max(0, boost.until - now)),
});

/** @returns `undefined` when the wall clock is wrong; an expired boost ends in the first step */
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
