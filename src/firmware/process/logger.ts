/**
 * The log: one JSON object per line, or short text for a person.
 *
 * Guarantee: a repeated event is written at once and then a few times a minute, with the number of lines held
 * back, so that repeats neither fill a disk nor hide other events. The heater's switching is routine: it gets
 * a few lines an hour, with the number of lines held back.
 */
import type { Clock } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import { type Log, type LogFields, type LogLevel, logFrom } from "../../base/log.ts";
import { RateLimitByKey, type RateLimits } from "../../base/rate-limit.ts";
import { hours, minutes } from "../../base/units.ts";
import { eventNameOf, writableNames } from "../../model/properties.ts";

/** For each event, identified by its name and its `code`, `fault` or `reason`. */
const repeats: RateLimits = { max: 5, within: minutes(1) };
/**
 * What people changed, and which side won a conflict, is logged in full: people press a button more than 5
 * times a minute.
 */
const repeatsOfEdits: RateLimits = { max: 60, within: minutes(1) };
/** The control law switches up to 13 times an hour, for years, and every line written wears the SD card. */
const repeatsOfSwitching: RateLimits = { max: 4, within: hours(1) };
const switching = "heater";
const edits = new Set([...writableNames.map(eventNameOf), "twin-decision"]);
/** More than the number of kinds of event. */
const maxKinds = 500;

export interface LoggerOptions {
  readonly clock: Clock;
  readonly level: LogLevel;
  readonly write: (line: string) => void;
  readonly format: "json" | "text";
}

export function createLogger(options: LoggerOptions): Log {
  const { clock, write, format } = options;
  const limit = new RateLimitByKey(clock, maxKinds);
  return logFrom(options.level, (level, event, fields) => {
    const heldBack = limit.admit(kindOf(event, fields), limitsOf(event));
    if (heldBack === undefined) return;
    const all = heldBack > 0 ? { ...fields, repeats: heldBack } : fields;
    const time = isoTime(clock.wallNow());
    write(
      format === "json" ? JSON.stringify({ time, level, event, ...all }) : asText(time, level, event, all),
    );
  });
}

/** Of `heater` events the reason is left out: it contains the demand, which differs each time. */
const kindOf = (event: string, fields: LogFields): string =>
  event === switching ? event : `${event} ${fields["code"] ?? fields["fault"] ?? fields["reason"] ?? ""}`;

function limitsOf(event: string): RateLimits {
  if (event === switching) return repeatsOfSwitching;
  return edits.has(event) ? repeatsOfEdits : repeats;
}

function asText(time: string, level: LogLevel, event: string, fields: LogFields): string {
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) =>
        `${key}=${typeof value === "string" && /\s/.test(value) ? JSON.stringify(value) : value}`,
    )
    .join(" ");
  return `${time.slice(11, 19)} ${level.padEnd(5)} ${event} ${rest}`.trimEnd();
}
