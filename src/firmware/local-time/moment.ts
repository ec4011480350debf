/** Times for a person, in the device's own time zone. */

const dayMs = 86_400_000;
const formats = {
  clock: { hour: "2-digit", minute: "2-digit" },
  weekday: { weekday: "short", hour: "2-digit", minute: "2-digit" },
  date: { dateStyle: "medium", timeStyle: "short" },
} as const satisfies Readonly<Record<string, Intl.DateTimeFormatOptions>>;

/** Making one costs a millisecond. */
const made = new Map<string, Intl.DateTimeFormat>();

function formatted(atMs: number, format: keyof typeof formats, timeZone: string): string {
  const key = `${format} ${timeZone}`;
  const found =
    made.get(key) ?? new Intl.DateTimeFormat("en-GB", { ...formats[format], ...zoneOf(timeZone) });
  made.set(key, found);
  return found.format(atMs).replace(", ", " ");
}

/** "auto" is that of this machine; so is one that its database does not know. */
function zoneOf(timeZone: string): { readonly timeZone?: string } {
  if (timeZone === "auto") return {};
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone });
    return { timeZone };
  } catch {
    return {};
  }
}

/** `22:00`, `Mon 06:30` beyond a day, with the date beyond six. @param timeZone as the setting */
export function momentText(atMs: number, nowMs: number, timeZone: string): string {
  const away = Math.abs(atMs - nowMs);
  return formatted(atMs, away < dayMs ? "clock" : away < 6 * dayMs ? "weekday" : "date", timeZone);
}

/** `28 Nov 2026 21:04`. @param timeZone as the setting */
export const localMoment =
  (timeZone: string) =>
  (atMs: number): string =>
    formatted(atMs, "date", timeZone);
