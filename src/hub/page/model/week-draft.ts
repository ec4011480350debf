/**
 * A schedule while a person edits it: seven texts, Monday first, as the table has them. Pure.
 *
 * Guarantee: a text that is no list of points is left as it is, and every text made here is a valid one.
 */
import { maxPointsPerDay, minutesPerDay, pointText, readDay, type WeekPoint } from "../../../model/week.ts";

/** Steps of the pointer. */
export const minuteStep = 15;
export const targetStep = 0.5;

export interface Span {
  /** Minutes since midnight, `from` included. */
  readonly from: number;
  readonly to: number;
  /** °C; `undefined` where the week has no points at all. */
  readonly target: number | undefined;
}

export interface DayDraft {
  readonly points: readonly WeekPoint[];
  /** The whole day, in order: it begins with what the days before have left. */
  readonly spans: readonly Span[];
  /** What is wrong with the text. */
  readonly problem: string | undefined;
}

/** @param texts of the seven days, Monday first */
export function readDraft(texts: readonly string[]): readonly DayDraft[] {
  const days = texts.map(readDay);
  const pointsOf = (day: readonly WeekPoint[] | string) => (typeof day === "string" ? [] : day);
  // The last point of the week lasts until the first one of the next.
  let before = days.flatMap(pointsOf).at(-1)?.target;
  return days.map((day) => {
    const points = pointsOf(day);
    const starts = [{ minute: 0, target: before }, ...points];
    before = points.at(-1)?.target ?? before;
    const spans = starts.map(({ minute, target }, index) => ({
      from: minute,
      to: starts[index + 1]?.minute ?? minutesPerDay,
      target,
    }));
    return {
      points,
      spans: spans.filter(({ from, to }) => to > from),
      problem: typeof day === "string" ? day : undefined,
    };
  });
}

export interface Limits {
  /** °C. */
  readonly lowest: number;
  readonly highest: number;
}

const textOf = (points: readonly WeekPoint[]): string => points.map(pointText).join(", ");
const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
const snap = (value: number, step: number): number => Math.round(value / step) * step;

/** The point as near to `to` as its neighbours and the limits allow. @returns the text of the day */
export function movePoint(text: string, index: number, to: WeekPoint, limits: Limits): string {
  const points = readDay(text);
  if (typeof points === "string" || points[index] === undefined) return text;
  const earliest = (points[index - 1]?.minute ?? -minuteStep) + minuteStep;
  const latest = (points[index + 1]?.minute ?? minutesPerDay) - minuteStep;
  // Points that were typed may be nearer to each other than the pointer's step: there they stay.
  const minute =
    earliest > latest ? points[index].minute : clamp(snap(to.minute, minuteStep), earliest, latest);
  const target = clamp(snap(to.target, targetStep), limits.lowest, limits.highest);
  return textOf(points.with(index, { minute, target }));
}

/** @returns the text of the day, and the index of the new point; `undefined` for a full day or where there is a point */
export function addPoint(
  text: string,
  at: WeekPoint,
  limits: Limits,
): { readonly text: string; readonly index: number } | undefined {
  const points = readDay(text);
  if (typeof points === "string" || points.length >= maxPointsPerDay) return undefined;
  const minute = clamp(snap(at.minute, minuteStep), 0, minutesPerDay - minuteStep);
  if (points.some((point) => point.minute === minute)) return undefined;
  const target = clamp(snap(at.target, targetStep), limits.lowest, limits.highest);
  const all = [...points, { minute, target }].sort((a, b) => a.minute - b.minute);
  return { text: textOf(all), index: all.findIndex((point) => point.minute === minute) };
}

/** @returns the text of the day */
export function removePoint(text: string, index: number): string {
  const points = readDay(text);
  return typeof points === "string" ? text : textOf(points.filter((_, at) => at !== index));
}
