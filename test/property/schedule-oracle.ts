/**
 * Which set-point must be in force, told from the calendar and not from the device's code: daylight saving by its rules
 * in law, a week as a table of its 10,080 minutes, and the next point by walking from minute to minute.
 */
import { type Week, weekdays } from "../../src/model/week.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const minutesPerWeek = 7 * 24 * 60;

const known = new Map<string, number>();

/** The n-th Sunday of a month (1 to 12), or the last one (−1): midnight UTC. */
function sunday(year: number, month: number, nth: number): number {
  const key = `${year} ${month} ${nth}`;
  const at = known.get(key) ?? findSunday(year, month, nth);
  known.set(key, at);
  return at;
}

function findSunday(year: number, month: number, nth: number): number {
  const sundays: number[] = [];
  for (let date = 1; date <= new Date(Date.UTC(year, month, 0)).getUTCDate(); date += 1) {
    const at = Date.UTC(year, month - 1, date);
    if (new Date(at).getUTCDay() === 0) sundays.push(at);
  }
  return sundays.at(nth < 0 ? nth : nth - 1) ?? Number.NaN;
}

const yearOf = (ms: number): number => new Date(ms).getUTCFullYear();

/** From UTC to local time, by law. */
export const zones: Readonly<Record<string, (ms: number) => number>> = {
  "Europe/Berlin": (ms) => {
    const summer = sunday(yearOf(ms), 3, -1) + hour;
    const winter = sunday(yearOf(ms), 10, -1) + hour;
    return ms >= summer && ms < winter ? 2 * hour : hour;
  },
  "America/New_York": (ms) => {
    const summer = sunday(yearOf(ms), 3, 2) + 7 * hour;
    const winter = sunday(yearOf(ms), 11, 1) + 6 * hour;
    return ms >= summer && ms < winter ? -4 * hour : -5 * hour;
  },
  // Half an hour, and in summer over New Year; at 2:00 in local time, which is the day before in UTC.
  "Australia/Lord_Howe": (ms) => {
    const winter = sunday(yearOf(ms), 4, 1) - 9 * hour;
    const summer = sunday(yearOf(ms), 10, 1) - 8.5 * hour;
    return ms >= winter && ms < summer ? 10.5 * hour : 11 * hour;
  },
  "Asia/Kathmandu": () => 5.75 * hour,
};

/** A point for each minute of the week: the one in force in it, and whether it begins there. */
function tableOf(week: Week): { readonly target: number; readonly point: number }[] {
  const starts = new Map<number, number>();
  for (const [at, name] of weekdays.entries()) {
    for (const text of (week[name] ?? "").split(",").filter((part) => part.trim() !== "")) {
      const [, hours, minutes, target] = /(\d+):(\d+) +(\S+)/.exec(text) ?? [];
      starts.set(at * 1440 + Number(hours) * 60 + Number(minutes), Number(target));
    }
  }
  if (starts.size === 0) return [];
  let last = Math.max(...starts.keys());
  return Array.from({ length: minutesPerWeek }, (_, at) => {
    if (starts.has(at)) last = at;
    return { target: starts.get(last) ?? Number.NaN, point: last };
  });
}

export class ScheduleOracle {
  readonly #offset: (ms: number) => number;
  #table: ReturnType<typeof tableOf> = [];
  #own: number;
  #awayUntil = 0;
  #hold: { until: number } | undefined;
  /** Of away or the schedule, when the clock was right last. */
  #asked: number | undefined;
  #isAway = false;
  readonly #away: number;

  constructor(zone: string, setPoint: number, away: number) {
    const offset = zones[zone];
    if (offset === undefined) throw new Error(`no rules for ${zone}`);
    this.#offset = offset;
    this.#own = setPoint;
    this.#away = away;
  }

  get setPoint(): number {
    return this.#hold ? this.#own : (this.#asked ?? this.#own);
  }

  setWeek(week: Week): void {
    this.#table = tableOf(week);
  }

  /** Somebody sets the set-point, after the time was looked at. */
  set(target: number, ms: number, trusted: boolean): void {
    this.#own = target;
    const isDecided = this.#asked !== undefined || this.#table.length > 0;
    this.#hold = isDecided ? { until: trusted ? this.#end(ms) : Number.POSITIVE_INFINITY } : undefined;
  }

  setAway(until: number): void {
    if (until === this.#awayUntil) return;
    this.#awayUntil = until;
    this.#hold = undefined;
  }

  /** @param ms what the wall clock shows */
  look(ms: number, trusted: boolean): void {
    if (trusted) {
      if (this.#hold && ms >= this.#hold.until) this.#hold = undefined;
      this.#isAway = ms < this.#awayUntil;
      this.#asked = this.#isAway ? this.#away : this.#entry(ms)?.target;
      if (this.#hold) this.#hold.until = Math.min(this.#hold.until, this.#end(ms));
    }
    // Without a schedule nobody needs a clock to know that it decides nothing.
    if (!trusted && !this.#isAway && this.#table.length === 0) this.#asked = undefined;
    if (this.#asked === undefined && this.#table.length === 0) this.#hold = undefined;
  }

  #entry(ms: number) {
    const local = ms + this.#offset(ms);
    // Days since Thursday, 1970-01-01.
    const days = Math.floor(local / day);
    const weekday = (((days + 3) % 7) + 7) % 7;
    return this.#table[weekday * 1440 + Math.floor((local - days * day) / minute)];
  }

  /** When a hold ends that is in force at `ms`: at the next minute with another point, or with away. */
  #end(ms: number): number {
    const away = ms < this.#awayUntil ? this.#awayUntil : Number.POSITIVE_INFINITY;
    if (this.#table.length === 0) return away;
    let before = this.#entry(ms)?.point;
    for (let at = (Math.floor(ms / minute) + 1) * minute; at < ms + 8 * day; at += minute) {
      if (at >= away) return away;
      const now = this.#entry(at)?.point;
      const local = at + this.#offset(at);
      const startsAgain = now === this.#minuteOf(local);
      if (now !== before || startsAgain) return at;
      before = now;
    }
    return away;
  }

  #minuteOf(local: number): number {
    const days = Math.floor(local / day);
    return ((((days + 3) % 7) + 7) % 7) * 1440 + Math.floor((local - days * day) / minute);
  }
}
