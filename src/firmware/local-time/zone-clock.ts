/**
 * Folder local-time/: the local time, and whether the clock can be trusted.
 *
 * The offset of a time zone and its next change, from Node.js's time zone database.
 *
 * Guarantee: looked up once a day, not at each step; the next change is known nine days ahead, which is
 * longer than the week of a schedule.
 */
import { days, hours, millis, type WallMillis, wallMillis } from "../../base/units.ts";
import type { LocalTime } from "../../control/schedule/week-times.ts";

const lookAhead = days(9);
/** Every offset is valid for weeks at least, so that no change is missed. */
const searchStep = hours(12);
const cacheTime = days(1);

/** From UTC to local time, in ms. */
type Offset = (wallMs: number) => number;

export class ZoneClock {
  readonly #offset: Offset;
  #known: { readonly from: number; readonly until: number; readonly local: LocalTime } | undefined;

  /** @param timeZone an IANA name; "auto": that of this machine @throws RangeError for an unknown one */
  constructor(timeZone: string) {
    // "auto" avoids Intl, whose first use delays the start.
    this.#offset = timeZone === "auto" ? machineOffset : offsetIn(timeZone);
  }

  at(wallMs: WallMillis): LocalTime {
    const known = this.#known;
    if (known !== undefined && wallMs >= known.from && wallMs < known.until) return known.local;
    const offset = millis(this.#offset(wallMs));
    const atMs = this.#changeAfter(wallMs, offset);
    const change = atMs === undefined ? undefined : { atMs, offset: millis(this.#offset(atMs)) };
    const local = { offset, change };
    this.#known = {
      from: wallMs,
      until: Math.min(wallMs + cacheTime, atMs ?? Number.POSITIVE_INFINITY),
      local,
    };
    return local;
  }

  #changeAfter(wallMs: number, offset: number): WallMillis | undefined {
    for (let at = wallMs; at < wallMs + lookAhead; at += searchStep) {
      if (this.#offset(at + searchStep) === offset) continue;
      let [before, after] = [at, at + searchStep];
      while (after - before > 1) {
        const middle = Math.floor((before + after) / 2);
        if (this.#offset(middle) === offset) before = middle;
        else after = middle;
      }
      return wallMillis(after);
    }
    return undefined;
  }
}

const machineOffset: Offset = (wallMs) => -new Date(wallMs).getTimezoneOffset() * 60_000;

function offsetIn(timeZone: string): Offset {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (wallMs) => {
    const whole = Math.floor(wallMs / 1000) * 1000;
    const parts = new Map(format.formatToParts(whole).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    const local = Date.UTC(
      part("year"),
      part("month") - 1,
      part("day"),
      part("hour"),
      part("minute"),
      part("second"),
    );
    return local - whole;
  };
}
