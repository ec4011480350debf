/** Text for a terminal: the schedule, and what decides the set-point. */
import { temperatureText } from "../../board/screen/format.ts";
import { type SetPointSource, setPointSourceWords } from "../../model/properties.ts";
import { type Week, weekdays } from "../../model/week.ts";
import { momentText } from "../local-time/moment.ts";
import type { DeviceStatus } from "./messages.ts";

const dayWidth = 11;

/** A line for each day. */
export function scheduleText(week: Week): string {
  if (Object.keys(week).length === 0) return "No schedule: the set-point holds.";
  return weekdays.map((day) => `${day.padEnd(dayWidth)}${week[day] ?? "as the day before"}`).join("\n");
}

export const degrees = (celsius: number | undefined, { unit }: Pick<DeviceStatus, "unit">): string =>
  celsius === undefined ? "unknown" : `${temperatureText(celsius, unit)} °${unit}`;

/** `20.0 °C by the schedule until 22:00, then 16.0 °C`. @param nowMs wall time */
export function inForceText(status: DeviceStatus, nowMs: number): string {
  const { aim, setPointFrom = "set-point", setPointUntil, nextSetPoint } = status;
  const until = setPointUntil === undefined ? "" : ` until ${momentOf(setPointUntil, status, nowMs)}`;
  const then = nextSetPoint === undefined ? "" : `, then ${degrees(nextSetPoint, status)}`;
  return `${degrees(aim, status)}${sourceText(setPointFrom)}${until}${then}`;
}

function sourceText(source: SetPointSource): string {
  const words = setPointSourceWords[source];
  if (words === "") return "";
  return source === "schedule" ? ` ${words}` : `, ${words}`;
}

/** An ISO time as text, in the device's time zone. @param nowMs wall time */
export const momentOf = (time: string, { timeZone = "auto" }: DeviceStatus, nowMs: number): string =>
  momentText(Date.parse(time), nowMs, timeZone);
