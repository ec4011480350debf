/**
 * Folder text/: what the page says: values, units, times, schedules.
 *
 * Formats values for users. Labels and units come from the model's tables; unknown properties show their own names.
 *
 * Guarantee: never throws. Any JSON becomes a short text.
 */
import { latestWallTime } from "../../../../base/clock.ts";
import { type Json, type JsonObject, textMember } from "../../../../base/json/value.ts";
import {
  type CloudSchema,
  componentRows,
  decimalsOf,
  readOnlyProperties,
  telemetry,
  writableProperties,
} from "../../../../model/cloud-model.ts";
import { faultCodesOf, faultEffects, isFaultCode } from "../../../../model/faults.ts";
import { isWeek } from "../../../../model/week.ts";
import { weekText } from "./schedule.ts";
import { dayAndTimeText, timeText } from "./times.ts";
import { shownUnit, shownValue, temperatureUnit } from "./units.ts";

interface Known {
  readonly label: string;
  readonly schema: CloudSchema;
}

const known = new Map<string, Known>(
  Object.entries({
    ...Object.assign({}, ...componentRows.map(({ fields }) => fields)),
    ...telemetry,
    ...readOnlyProperties,
    ...writableProperties,
  }),
);

/** Longest text of a value; the documents show it whole. */
const longest = 80;

export const shorten = (text: string, max = longest): string =>
  text.length > max ? `${text.slice(0, max - 1)}…` : text;

/** Adds a capital letter and a full stop. */
export const sentence = (text: string): string => {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return whole === "" || /[.!?…]$/.test(whole) ? whole : `${whole}.`;
};

export const labelOf = (name: string): string =>
  componentRows.find((row) => row.name === name)?.label ?? known.get(name)?.label ?? shorten(name, 40);

/** IoT Plug and Play marks a component with `__t`. */
export const isComponent = (value: Json | undefined): value is JsonObject => textMember(value, "__t") === "c";

export function unitOf(name: string): string {
  const schema = known.get(name)?.schema;
  return schema !== undefined && "unit" in schema ? (schema.unit ?? "") : "";
}

/** In the unit of the page, with it. */
export const temperatureText = (celsius: number): string =>
  `${numberText(celsius, "°C")} ${temperatureUnit()}`;

/** @param unit of the value; it sets the number of decimals; without one, at most three */
export function numberText(value: number, unit = ""): string {
  const places = (decimalsOf as Readonly<Record<string, number>>)[unit];
  const shown = shownValue(value, unit);
  const text = places === undefined ? String(Math.round(shown * 1000) / 1000) : shown.toFixed(places);
  // A true minus sign, and no "−0.0".
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** A device's words, with local times, and temperatures in the unit of the page. */
export const plainText = (text: string): string =>
  text
    .replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z/g, (instant) => {
      const ms = Date.parse(instant);
      return Number.isNaN(ms) ? instant : timeText(ms);
    })
    .replaceAll(/(-?\d+(?:\.\d+)?)(?: to (-?\d+(?:\.\d+)?))? °C/g, (said, from, to) => {
      if (temperatureUnit() === "°C") return said;
      const shown = [from, to].filter(Boolean).map((one) => numberText(shownValue(Number(one), "°C")));
      return `${shown.join(" to ")} ${temperatureUnit()}`;
    });

/** Formats the device's `lastChange` property. @returns `undefined` when it has another shape */
function lastChangeText(account: Readonly<Record<string, Json>>): string | undefined {
  const { property, source, from, to, time } = account;
  if (typeof property !== "string" || typeof from !== "string" || typeof to !== "string") return undefined;
  const side = source === "cloud" ? "by the cloud" : source === "device" ? "on the device" : "";
  const at = typeof time === "string" ? plainText(shorten(time, 30)) : "";
  // Values are reported as strings.
  const value = (text: string) => {
    const number = Number(text);
    return shorten(valueText(property, text === "" || Number.isNaN(number) ? text : number), 16);
  };
  const what = `${labelOf(property)} ${value(from)} → ${value(to)}`;
  return shorten([what, side, at].filter((part) => part !== "").join(", "));
}

/** A dash for `undefined`. */
export function valueText(name: string, value: Json | undefined): string {
  if (value === undefined) return "—";
  if (value === null) return "none";
  if (typeof value === "boolean") return value ? "On" : "Off";
  if (typeof value === "number") {
    const unit = unitOf(name);
    return unit === "" ? numberText(value) : `${numberText(value, unit)} ${shownUnit(unit)}`;
  }
  if (typeof value === "string") return choiceText(name, value);
  if (known.get(name)?.schema.kind === "week" && isWeek(value)) return weekText(value);
  const account = name === "lastChange" && !Array.isArray(value);
  const lastChange = account ? lastChangeText(value as Readonly<Record<string, Json>>) : undefined;
  return lastChange ?? shorten(JSON.stringify(value));
}

/** The word on the device's screen; an unknown code stays as it is. */
export function faultWord(code: string): string {
  const short = isFaultCode(code) ? faultEffects[code].short : shorten(code, 16);
  return short.charAt(0) + short.slice(1).toLowerCase();
}

function choiceText(name: string, value: string): string {
  if (value === "") return "empty";
  if (name === "faults") return shorten(faultCodesOf(value).map(faultWord).join(", ")) || "none";
  const schema = known.get(name)?.schema;
  if (schema?.kind === "time" && !Number.isNaN(Date.parse(value))) return momentText(Date.parse(value));
  const isChoice = schema?.kind === "choice" && schema.choices.some((choice) => choice === value);
  return isChoice ? value.charAt(0).toUpperCase() + value.slice(1) : shorten(value);
}

/** 1970 stands for no time, and a year after the clocks that the firmware believes for no end. */
function momentText(ms: number): string {
  if (ms <= 0) return "none";
  return ms < latestWallTime ? dayAndTimeText(ms) : "no end";
}

/** "now", "12 s", "3 min", "2 h 5 min", "4 d". A span below zero counts as none. */
export function spanText(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  if (seconds < 1) return "now";
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d`;
}

export const agoText = (ms: number): string => (ms < 1000 ? "just now" : `${spanText(ms)} ago`);
