/** Reads a moment as a person types it. */
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import type { Arguments } from "./verb.ts";

const dayMs = 86_400_000;
const unitMs: Readonly<Record<string, number>> = {
  min: 60_000,
  h: 3_600_000,
  d: dayMs,
  w: 7 * dayMs,
  y: 365 * dayMs,
};

/**
 * @param nowMs wall time, which a duration is counted back from
 * @returns wall time in ms; `undefined` without the flag
 * @throws StartupError (usage)
 */
export function momentOf(args: Arguments, flag: string, nowMs: number): number | undefined {
  const text = args.value(flag);
  if (text === undefined) return undefined;
  const at = ago(text, nowMs) ?? dateOf(text);
  if (at !== undefined) return at;
  throw new StartupError(
    exitCodes.usage,
    `invalid value: --${flag} ${text}.`,
    "Use a time ago, such as 90min, 24h, 7d, 4w or 1y; or a date, such as 2026-11-01, 2026-11-01T18:30 or with Z at its end.",
  );
}

function ago(text: string, nowMs: number): number | undefined {
  const [, amount, unit] = /^(\d{1,6}(?:\.\d+)?) ?(min|h|d|w|y)$/.exec(text) ?? [];
  const length = unitMs[unit ?? ""];
  return amount === undefined || length === undefined ? undefined : nowMs - Number(amount) * length;
}

/** A date alone means midnight, in the local time of this machine. */
function dateOf(text: string): number | undefined {
  const [, date, time = "00:00", zone = ""] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? [];
  const at = Date.parse(`${date}T${time}${zone}`);
  // Otherwise the 31st of a shorter month would be the 1st of the next.
  const isReal = Number.isFinite(at) && new Date(`${date}T00:00Z`).toISOString().startsWith(String(date));
  return isReal ? at : undefined;
}
