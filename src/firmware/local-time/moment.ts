/** Times for a person, in the device's own time zone. */

const dayMs = 86_400_000;
const formats = {
  clock: { hour: "2-digit", minute: "2-digit" },
  weekday: { weekday: "short", hour: "2-digit", minute: "2-digit" },
  date: { dateStyle: "medium", timeStyle: "short" },
} as const satisfies Readonly<Record<string, Intl.DateTimeFormatOptions>>;

/** Cached, since creating one takes a millisecond. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatted(atMs: number, format: keyof typeof formats, timeZone: string): string {
  const key = `${format} ${timeZone}`;
  const found =
    formatters.get(key) ?? new Intl.DateTimeFormat("en-GB", { ...formats[format], ...zoneOf(timeZone) });
  formatters.set(key, found);
  return found.format(atMs).replace(", ", " ");
}

/** This machine's zone for "auto", and for a zone that its database does not contain. */
function zoneOf(timeZone: string): { readonly timeZone?: string } {
  if (timeZone === "auto") return {};
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone });
    return { timeZone };
  } catch {
    return {};
  }
}

/** `22:00` within a day, `Mon 06:30` within six days, otherwise with the date. @param timeZone the setting */
export function momentText(atMs: number, nowMs: number, timeZone: string): string {
  const distance = Math.abs(atMs - nowMs);
  return formatted(atMs, distance < dayMs ? "clock" : distance < 6 * dayMs ? "weekday" : "date", timeZone);
}

/** `28 Nov 2026 21:04`. @param timeZone the setting */
export const localMoment =
  (timeZone: string) =>
  (atMs: number): string =>
    formatted(atMs, "date", timeZone);
