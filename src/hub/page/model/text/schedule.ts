/** A schedule's points as text, with temperatures in the unit of the page. */
import type { Json } from "../../../../base/json/value.ts";
import { maxPointsPerDay, pointsOf, pointText, readDay, type Week } from "../../../../model/week.ts";
import { shownValue, storedValue, temperatureUnit } from "./units.ts";

/** What is no day with points stays as it is: the device says what is wrong with it. */
function converted(text: string, convert: (target: number) => number): string {
  if (temperatureUnit() === "°C") return text;
  const points = readDay(text);
  if (typeof points === "string") return text;
  return points.map(({ minute, target }) => pointText({ minute, target: convert(target) })).join(", ");
}

/** @param text as stored, in °C */
export const shownDay = (text: Json | undefined): string =>
  typeof text === "string" ? converted(text, (target) => Math.round(shownValue(target, "°C") * 10) / 10) : "";

/** @param text as typed, in the unit of the page */
export const storedDay = (text: string): string => converted(text, (target) => storedValue(target, "°C"));

/** `10 points a week`. */
export function weekText(week: Week): string {
  const { length } = pointsOf(week);
  return length === 0 ? "none" : `${length} ${length === 1 ? "point" : "points"} a week`;
}

export const dayHint = (): string => {
  const [day, night] = temperatureUnit() === "°C" ? [20, 16] : [68, 61];
  return `Local times and ${temperatureUnit()} in order of time, such as 06:30 ${day}, 22:00 ${night}; up to ${maxPointsPerDay} a day. A day without any goes on as the day before.`;
};
