/**
 * A week of set-points: an object with a text for each day, such as `{"monday": "06:30 20, 22:00 16"}`. Each point is a
 * local time and a temperature in °C, in order of time. A point lasts until the next one, also over days without points.
 * Twins merge objects and replace texts, so a patch may change one day.
 *
 * Guarantee: accepts any input, never throws, and reads a bounded part of it.
 */
import { isRecord } from "../base/json/value.ts";

export const weekdays = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
] as const;
export type Weekday = (typeof weekdays)[number];
/** A type, not an interface: it is JSON, and compared as such. */
export type Week = { readonly [D in Weekday]?: string };

export interface WeekSchema {
  readonly kind: "week";
  /** Limits of the temperatures, both included. */
  readonly lowest: number;
  readonly highest: number;
}

/** One set-point of a week. */
export interface WeekPoint {
  /** Minutes since Monday, 00:00, local time. */
  readonly minute: number;
  /** °C. */
  readonly target: number;
}

export const maxPointsPerDay = 16;
export const minutesPerDay = 1440;
export const minutesPerWeek = 7 * minutesPerDay;
/** Beyond any limit of the settings. */
const anyTemperature = 100;
/** Maximum length of a day: `06:30 20.25, ` sixteen times, plus some spaces. */
const longestDay = 300;

const isWeekday = (name: string): name is Weekday => weekdays.some((day) => day === name);

/** @returns the problem, as the end of a sentence that begins with the value's name; `undefined` when it is valid */
export function validateWeek({ lowest, highest }: WeekSchema, value: unknown): string | undefined {
  if (!isRecord(value)) return "must be an object with a text for each day";
  for (const [name, text] of Object.entries(value)) {
    if (!isWeekday(name)) return `must have the days monday to sunday, not ${name.slice(0, 32)}`;
    const day = readDay(text);
    if (typeof day === "string") return `must have a valid ${name}: ${day}`;
    const wrong = day.find(({ target }) => target < lowest || target > highest);
    if (wrong) {
      return `must have a valid ${name}: ${pointText(wrong)} is not within ${lowest} to ${highest} °C`;
    }
  }
  return undefined;
}

/** Whether `value` is a week; limits do not count. */
export const isWeek = (value: unknown): value is Week =>
  validateWeek({ kind: "week", lowest: -anyTemperature, highest: anyTemperature }, value) === undefined;

const pointPattern = /^(?:([01]?\d|2[0-3]):([0-5]\d)) +(-?\d{1,3}(?:\.\d{1,4})?)$/;

/** @param text the points of a day @returns points with minutes since midnight, or the problem */
export function readDay(text: unknown): readonly WeekPoint[] | string {
  if (typeof text !== "string") return "its points must be a text, such as 06:30 20, 22:00 16";
  if (text.length > longestDay) return `it must have at most ${maxPointsPerDay} points`;
  if (text.trim() === "") return [];
  const parts = text.split(",");
  if (parts.length > maxPointsPerDay) return `it must have at most ${maxPointsPerDay} points`;
  const points: WeekPoint[] = [];
  for (const part of parts) {
    const [, hour, minute, target] = pointPattern.exec(part.trim()) ?? [];
    if (hour === undefined) return `"${part.trim().slice(0, 32)}" is not a point such as 06:30 20`;
    const point = { minute: Number(hour) * 60 + Number(minute), target: Number(target) };
    const before = points.at(-1);
    if (before && point.minute <= before.minute) {
      return `${timeOfDayText(point.minute)} must come after ${timeOfDayText(before.minute)}`;
    }
    points.push(point);
  }
  return points;
}

/** All points in order of time. @param week a valid one; a day that is not valid has no points */
export const pointsOf = (week: Week): readonly WeekPoint[] =>
  weekdays.flatMap((day, at) => {
    const points = readDay(week[day] ?? "");
    if (typeof points === "string") return [];
    return points.map(({ minute, target }) => ({ minute: at * minutesPerDay + minute, target }));
  });

/**
 * Converts a week to its normal form, which is stored and reported, without empty days. @param change
 * converts each temperature, °C
 */
export function writeWeek(week: Week, change: (target: number) => number = (target) => target): Week {
  const days: [Weekday, string][] = [];
  for (const day of weekdays) {
    const points = readDay(week[day] ?? "");
    if (typeof points === "string" || points.length === 0) continue;
    days.push([
      day,
      points.map(({ minute, target }) => pointText({ minute, target: change(target) })).join(", "),
    ]);
  }
  return Object.fromEntries(days);
}

/** `06:30`. @param minute since midnight, or since Monday */
export function timeOfDayText(minute: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor((minute % minutesPerDay) / 60))}:${two(minute % 60)}`;
}

/** `06:30 20`, with at most two decimals. */
export const pointText = ({ minute, target }: WeekPoint): string =>
  `${timeOfDayText(minute)} ${Math.round(target * 100) / 100}`;

/** `14 points`, for places without room for the whole week. */
export function weekSummary(week: Week): string {
  const { length } = pointsOf(week);
  return length === 0
    ? "no schedule"
    : `a schedule with ${length} ${length === 1 ? "point" : "points"} a week`;
}
