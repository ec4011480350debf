/** Parses the days and points of a schedule that a person types. */
import { nearest } from "../../base/nearest-word.ts";
import { pointText, readDay, type Week, type Weekday, weekdays } from "../../model/week.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";

const groups: Readonly<Record<string, readonly Weekday[]>> = {
  all: weekdays,
  weekdays: weekdays.slice(0, 5),
  weekend: weekdays.slice(5),
};

/** @param word a day, its first three letters, or a group of days @throws StartupError (usage) */
export function typedDays(word: string): readonly Weekday[] {
  const lower = word.toLowerCase();
  const group = Object.hasOwn(groups, lower) ? groups[lower] : undefined;
  const day = weekdays.find((name) => name === lower || name.slice(0, 3) === lower);
  if (group !== undefined) return group;
  if (day !== undefined) return [day];
  const names = [...weekdays, ...Object.keys(groups)];
  const hint = nearest(lower, names);
  throw new StartupError(
    exitCodes.usage,
    `There is no day "${word}".`,
    `${hint ? `Did you mean ${hint}? ` : ""}Use ${names.join(", ")}.`,
  );
}

/**
 * @param words `06:30 20 22:00 16`, with or without commas, in any number of arguments; none: no points
 * @returns the text of the day. @throws StartupError (usage)
 */
export function typedPoints(words: readonly string[]): string {
  const parts = words.join(" ").replaceAll(",", " ").split(/\s+/).filter(Boolean);
  const pairs: string[] = [];
  for (let at = 0; at < parts.length; at += 2) pairs.push(parts.slice(at, at + 2).join(" "));
  const points = readDay(pairs.join(", "));
  if (typeof points !== "string") return points.map(pointText).join(", ");
  throw new StartupError(
    exitCodes.usage,
    `These points are not valid: ${points}.`,
    "Use times and temperatures in °C, in order of time: grove-heater schedule set monday 06:30 20 22:00 16",
  );
}

/** @param text empty: no points on these days */
export function withDays(week: Week, days: readonly Weekday[], text: string): Week {
  const changed = new Map(Object.entries(week));
  for (const day of days) {
    if (text === "") changed.delete(day);
    else changed.set(day, text);
  }
  return Object.fromEntries(changed);
}
