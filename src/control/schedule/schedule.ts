/**
 * Folder schedule/: set-points by the time of the week, away, and holds.
 *
 * What decides the set-point, the first that applies:
 *   1. safety: forbids heat, or frost protection requests it (safety/), whatever the set-point is;
 *   2. boost: 3 K above what follows (panel/boost.ts);
 *   3. hold: a set-point that was set, at the device or by a face, while the schedule or away was in force. It lasts until
 *      the schedule's next point or the end of away, or with `setPointHold` "permanent" until somebody ends it;
 *   4. away: until `awayUntil`;
 *   5. schedule: the point that the local time has reached last;
 *   6. the set-point.
 *
 * Guarantees: depends on the time of day only while the clock is trusted. While it is not, the last value in
 * force stays, also over a power cut, so that a wrong clock does not change the set-point.
 */
import { isTrustedWallTime, latestWallTime } from "../../base/clock.ts";
import { readIsoTime } from "../../base/iso-time.ts";
import { type Celsius, type WallMillis, wallMillis } from "../../base/units.ts";
import { type SetPointSource, type WritableQuantities, writableProperties } from "../../model/properties.ts";
import type { Settings } from "../../model/settings-table.ts";
import { pointsOf, type Week, type WeekPoint } from "../../model/week.ts";
import { clampTarget } from "../panel/set-point.ts";
import { type ComingPoint, type LocalTime, nextPoint, pointAt } from "./week-times.ts";

/** The set-point of away or the schedule, by the last trusted clock. */
export interface ScheduledSetPoint {
  readonly by: "away" | "schedule";
  readonly target: Celsius;
  /** The next point, of the schedule; missing while the clock is not trusted. */
  readonly next?: ComingPoint;
  /** The end of away; missing while the clock is not trusted. */
  readonly endsMs?: WallMillis;
}

/** A set-point that overrides the schedule. */
export interface SetPointHold {
  /** End of the hold; missing while the clock is not trusted, or if it does not end by itself. */
  readonly untilMs?: WallMillis;
}

export interface Scheduling {
  readonly hold: SetPointHold | undefined;
  readonly scheduled: ScheduledSetPoint | undefined;
}

export const nothingScheduled: Scheduling = { hold: undefined, scheduled: undefined };

/** The part of the panel that the schedule depends on. */
export interface ScheduledPanel {
  readonly values: Pick<WritableQuantities, "targetTemperature" | "schedule" | "awayUntil" | "setPointHold">;
  readonly scheduling: Scheduling;
}

export interface ScheduleContext {
  readonly settings: Settings;
  readonly wallMs: WallMillis;
  /** `undefined`: the clock may be wrong, or the local time is unknown. */
  readonly local: LocalTime | undefined;
}

/** What decides the set-point, apart from a boost. */
export function setPointFrom({
  scheduling,
}: Pick<ScheduledPanel, "scheduling">): Exclude<SetPointSource, "boost"> {
  return scheduling.hold ? "hold" : (scheduling.scheduled?.by ?? "set-point");
}

/** The set-point in force, without a boost. */
export const setPointOf = ({
  values,
  scheduling,
}: {
  readonly values: Pick<WritableQuantities, "targetTemperature">;
  readonly scheduling: Scheduling;
}): Celsius =>
  scheduling.hold ? values.targetTemperature : (scheduling.scheduled?.target ?? values.targetTemperature);

/** When the set-point changes by itself, as far as known. */
export function setPointUntil({ values, scheduling }: ScheduledPanel): WallMillis | undefined {
  const { hold, scheduled } = scheduling;
  if (hold) return values.setPointHold === "permanent" ? undefined : hold.untilMs;
  return scheduled?.by === "away" ? scheduled.endsMs : scheduled?.next?.atMs;
}

/** After a new set-point: begins a hold if the schedule or away is in force. */
export const holdOf = ({ values, scheduling: { scheduled } }: ScheduledPanel): SetPointHold | undefined =>
  scheduled !== undefined || pointsIn(values.schedule).length > 0
    ? holdUntil(endOfHold(scheduled))
    : undefined;

const holdUntil = (untilMs: WallMillis | undefined): SetPointHold =>
  untilMs === undefined ? {} : { untilMs };

function endOfHold(scheduled: ScheduledSetPoint | undefined): WallMillis | undefined {
  const ends = [scheduled?.next?.atMs, scheduled?.endsMs].filter((at) => at !== undefined);
  return ends.length === 0 ? undefined : wallMillis(Math.min(...ends));
}

/** Brings the schedule up to the present time. @returns the same object without a change */
export function followSchedule(panel: ScheduledPanel, context: ScheduleContext): Scheduling {
  const { hold, scheduled } = panel.scheduling;
  const nowScheduled = scheduledNow(panel, context);
  const nowHold = hold && holdNow(hold, panel, nowScheduled, context);
  return nowHold === hold && nowScheduled === scheduled
    ? panel.scheduling
    : { hold: nowHold, scheduled: nowScheduled };
}

/** A hold never outlasts the next point, also after the clock or the schedule was set. */
function holdNow(
  hold: SetPointHold,
  { values }: ScheduledPanel,
  scheduled: ScheduledSetPoint | undefined,
  context: ScheduleContext,
): SetPointHold | undefined {
  // There is nothing left that the hold overrides.
  if (scheduled === undefined && pointsIn(values.schedule).length === 0) return undefined;
  if (!isTrusted(context)) return hold;
  const isPermanent = values.setPointHold === "permanent";
  if (!isPermanent && hold.untilMs !== undefined && context.wallMs >= hold.untilMs) return undefined;
  const end = endOfHold(scheduled);
  const isLater = end !== undefined && (hold.untilMs === undefined || end < hold.untilMs || isPermanent);
  return isLater && end !== hold.untilMs ? { untilMs: end } : hold;
}

const notAway = writableProperties.awayUntil.default;

const isTrusted = ({ local, wallMs }: ScheduleContext): boolean =>
  local !== undefined && isTrustedWallTime(wallMs);

function scheduledNow(panel: ScheduledPanel, context: ScheduleContext): ScheduledSetPoint | undefined {
  const { scheduled } = panel.scheduling;
  const { settings, wallMs, local } = context;
  const { awayUntil, schedule } = panel.values;
  const points = pointsIn(schedule);
  // Nearly every step is not away: then the text is not parsed.
  const awayMs = awayUntil === notAway ? 0 : (readIsoTime(awayUntil) ?? 0);
  const away = clampTarget(settings.awayTemperature, settings);
  if (local === undefined || !isTrusted(context)) {
    // An end that no clock reaches: away is still in force.
    if (awayMs >= latestWallTime) return changed(scheduled, { by: "away", target: away });
    const isOver = scheduled?.by === "away" ? !isTrustedWallTime(awayMs) : points.length === 0;
    return isOver
      ? undefined
      : scheduled && changed(scheduled, { by: scheduled.by, target: scheduled.target });
  }
  const next = nextPoint(points, wallMs, local);
  const coming = next ? { next } : {};
  if (wallMs < awayMs) {
    const ends = awayMs < latestWallTime ? { endsMs: wallMillis(awayMs) } : {};
    return changed(scheduled, { by: "away", target: away, ...coming, ...ends });
  }
  const point = pointAt(points, wallMs, local);
  return (
    point && changed(scheduled, { by: "schedule", target: clampTarget(point.target, settings), ...coming })
  );
}

/** @returns `before` if nothing differs */
function changed(before: ScheduledSetPoint | undefined, now: ScheduledSetPoint): ScheduledSetPoint {
  const isSame =
    before?.by === now.by &&
    before.target === now.target &&
    before.next?.atMs === now.next?.atMs &&
    before.next?.target === now.next?.target &&
    before.endsMs === now.endsMs;
  return isSame ? before : now;
}

/** Parsed once: the week is the same object until it is set. */
const known = new WeakMap<Week, readonly WeekPoint[]>();

function pointsIn(week: Week): readonly WeekPoint[] {
  const points = known.get(week) ?? pointsOf(week);
  known.set(week, points);
  return points;
}
