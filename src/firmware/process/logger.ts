/**
 * The log: one JSON object a line, or short text for a person.
 *
 * Guarantee: a repeated event is written at once and then at most once in a while, with the count of those kept
 * back, so that a storm neither fills a disk nor hides what else happens.
 */
import type { Clock } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import type { Log, LogFields, LogLevel } from "../../base/log.ts";
import { minutes } from "../../base/units.ts";
import { eventNameOf, writableNames } from "../../model/properties.ts";

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];
/** An event (by name and its `code`, `fault` or `reason`) is repeated at most this often. */
const repeatEvery = minutes(1);
const burst = 5;
/** What people changed, and who won, is to be read in full: a finger on a button is faster than five a minute. */
const burstOfEdits = 60;
const edits = new Set([...writableNames.map(eventNameOf), "twin-decision"]);
/** Bounds the memory of the limiter; more kinds of event than this do not exist. */
const kindsRemembered = 500;

export interface LoggerOptions {
  readonly clock: Clock;
  readonly level: LogLevel;
  readonly write: (line: string) => void;
  readonly format: "json" | "text";
}

export function createLogger(options: LoggerOptions): Log {
  const { clock, write, format } = options;
  const threshold = levels.indexOf(options.level);
  const limiter = new RepeatLimiter(clock);

  const say = (level: LogLevel, event: string, fields: LogFields = {}): void => {
    if (levels.indexOf(level) < threshold) return;
    const suppressed = limiter.admit(
      `${event} ${fields["code"] ?? fields["fault"] ?? fields["reason"] ?? ""}`,
      edits.has(event) ? burstOfEdits : burst,
    );
    if (suppressed === undefined) return;
    const all = suppressed > 0 ? { ...fields, repeats: suppressed } : fields;
    const time = isoTime(clock.wallNow());
    write(
      format === "json" ? JSON.stringify({ time, level, event, ...all }) : asText(time, level, event, all),
    );
  };
  return {
    debug: (event, fields) => say("debug", event, fields),
    info: (event, fields) => say("info", event, fields),
    warn: (event, fields) => say("warn", event, fields),
    error: (event, fields) => say("error", event, fields),
  };
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

class RepeatLimiter {
  readonly #clock: Clock;
  readonly #seen = new Map<string, { windowStart: number; count: number; suppressed: number }>();
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns how many of this kind were kept back before it, or undefined to keep this one back too. */
  admit(kind: string, most: number): number | undefined {
    const now = this.#clock.now();
    const entry = this.#seen.get(kind);
    if (entry === undefined || now - entry.windowStart >= repeatEvery) {
      if (this.#seen.size >= kindsRemembered) this.#seen.clear();
      this.#seen.set(kind, { windowStart: now, count: 1, suppressed: 0 });
      return entry?.suppressed ?? 0;
    }
    entry.count += 1;
    if (entry.count <= most) return 0;
    entry.suppressed += 1;
    return undefined;
  }
}
