/**
 * Finds the current and the next point of a week at a given time.
 *
 * Guarantee: the schedule follows local time. The points of an hour that daylight saving skips take effect at
 * the change; the points of a repeated hour take effect twice.
 */
import { type Millis, type WallMillis, wallMillis } from "../../base/units.ts";
import { minutesPerWeek, type WeekPoint } from "../../model/week.ts";

/** The core's input for local time: offsets to the input's wall time (UTC). */
export interface LocalTime {
  /** From UTC to local time, now. */
  readonly offset: Millis;
  /** Its next change, if one comes within the next nine days. */
  readonly change?: { readonly atMs: WallMillis; readonly offset: Millis } | undefined;
}

/** A point, and the time at which it begins. */
export interface ComingPoint {
  readonly target: number;
  readonly atMs: WallMillis;
}

const msPerMinute = 60_000;
const msPerWeek = minutesPerWeek * msPerMinute;
/** 1970-01-01 was a Thursday. */
const firstMonday = -3 * 24 * 60 * msPerMinute;

const offsetAt = ({ offset, change }: LocalTime, wallMs: number): number =>
  change !== undefined && wallMs >= change.atMs ? change.offset : offset;

/** Time since Monday, 00:00, local time. */
function msOfWeek(wallMs: number, offset: number): number {
  const since = (wallMs + offset - firstMonday) % msPerWeek;
  return since < 0 ? since + msPerWeek : since;
}

/** The hour of the day in local time, with its fraction: 0 to 24. */
export function hourOfDay(wallMs: WallMillis, local: LocalTime): number {
  return (msOfWeek(wallMs, offsetAt(local, wallMs)) / 3_600_000) % 24;
}

/** The last point at or before this time of the week; before the first one, the last of the week before. */
const pointBefore = (points: readonly WeekPoint[], ofWeek: number): WeekPoint | undefined =>
  points.findLast(({ minute }) => minute * msPerMinute <= ofWeek) ?? points.at(-1);

/** @param points in order of time @returns the point in force; `undefined` without any */
export const pointAt = (
  points: readonly WeekPoint[],
  wallMs: WallMillis,
  local: LocalTime,
): WeekPoint | undefined => pointBefore(points, msOfWeek(wallMs, offsetAt(local, wallMs)));

/** @returns the next point after `wallMs`; `undefined` without any */
export function nextPoint(
  points: readonly WeekPoint[],
  wallMs: WallMillis,
  local: LocalTime,
): ComingPoint | undefined {
  const { change } = local;
  const next = firstAfter(points, wallMs, offsetAt(local, wallMs));
  if (!change || wallMs >= change.atMs || !next || next.atMs < change.atMs) return next;
  // The offset changes before the next point, and a point may take effect at the change.
  const before = pointBefore(points, msOfWeek(change.atMs - 1, local.offset));
  const after = pointBefore(points, msOfWeek(change.atMs, change.offset));
  if (after && after !== before) return { target: after.target, atMs: change.atMs };
  return firstAfter(points, change.atMs, change.offset);
}

function firstAfter(points: readonly WeekPoint[], wallMs: number, offset: number): ComingPoint | undefined {
  const ofWeek = msOfWeek(wallMs, offset);
  const point = points.find(({ minute }) => minute * msPerMinute > ofWeek) ?? points[0];
  if (!point) return undefined;
  const ahead = point.minute * msPerMinute - ofWeek;
  return { target: point.target, atMs: wallMillis(wallMs + (ahead > 0 ? ahead : ahead + msPerWeek)) };
}
