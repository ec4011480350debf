/**
 * Times as the page shows them, everywhere in the same form: the reader's words and time zone, 24 hours; the seconds of what
 * has happened; the date where it is not that of today.
 */
const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const day = { day: "numeric", month: "short" } as const;

const format = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(undefined, options);

const hourAndMinute = format(clock);
const clockTime = format({ ...clock, second: "2-digit" });
const weekdayAndTime = format({ weekday: "short", ...clock });
const dayAndMonth = format(day);
const dayAndClock = format({ ...day, ...clock, second: "2-digit" });
const weekdayAndDay = format({ weekday: "short", ...day });
const dayAndTime = format({ ...day, year: "numeric", ...clock });

let nowMs: number | undefined;

/** For the words that depend on it. */
export function tellNow(ms: number): void {
  nowMs = ms;
}

const isSameDay = (a: number, b: number): boolean =>
  new Date(a).toDateString() === new Date(b).toDateString();

/** Of what has happened: `18:40:05`, `16 Jan, 18:40:05` on another day. */
export const timeText = (ms: number): string =>
  (nowMs === undefined || isSameDay(ms, nowMs) ? clockTime : dayAndClock).format(ms);

/** `Fri 16 Jan`. */
export const dayText = (ms: number): string => weekdayAndDay.format(ms);

/** `16 Jan 2026, 18:40`. */
export const dayAndTimeText = (ms: number): string => dayAndTime.format(ms);

/** Of what will happen, as in the terminal: `08:00`, `Mon 06:30` beyond a day, with the date beyond six. */
export function untilText(ms: number, fromMs: number): string {
  const daysAhead = (ms - fromMs) / 86_400_000;
  return (daysAhead < 1 ? hourAndMinute : daysAhead < 6 ? weekdayAndTime : dayAndTime).format(ms);
}

/** A label of the time axis. @param stepSeconds from one label to the next */
export function axisTime(ms: number, stepSeconds: number): string {
  const at = new Date(ms);
  const isMidnight = at.getHours() === 0 && at.getMinutes() === 0;
  return (stepSeconds >= 43_200 || isMidnight ? dayAndMonth : hourAndMinute).format(at);
}
