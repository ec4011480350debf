/**
 * The log: one JSON object a line, or short text for a person.
 *
 * Guarantee: a repeated event is written at once and then a few times a minute, with the count of those held
 * back, so that a storm neither fills a disk nor hides what else happens. The heater's coming and going is the work
 * of every day: a few lines an hour, with the count of the others.
 */
import type { Clock } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import { type Log, type LogFields, type LogLevel, logFrom } from "../../base/log.ts";
import { RateLimitByKey, type RateLimits } from "../../base/rate-limit.ts";
import { hours, minutes } from "../../base/units.ts";
import { eventNameOf, writableNames } from "../../model/properties.ts";

/** For an event, by its name and its `code`, `fault` or `reason`. */
const repeats: RateLimits = { max: 5, within: minutes(1) };
/** What people changed, and who won, is to be read in full: a finger on a button is faster than five a minute. */
const repeatsOfEdits: RateLimits = { max: 60, within: minutes(1) };
/** The law switches up to 13 times an hour, for years, and every line wears the card. */
const repeatsOfSwitching: RateLimits = { max: 4, within: hours(1) };
const switching = "heater";
const edits = new Set([...writableNames.map(eventNameOf), "twin-decision"]);
/** More kinds of event than this do not exist. */
const kindsRemembered = 500;

export interface LoggerOptions {
  readonly clock: Clock;
  readonly level: LogLevel;
  readonly write: (line: string) => void;
  readonly format: "json" | "text";
}

export function createLogger(options: LoggerOptions): Log {
  const { clock, write, format } = options;
  const limit = new RateLimitByKey(clock, kindsRemembered);
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

/** Its reason holds the demand, which is another one each time. */
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
