/** Formats history rows for other programs and for the page: as CSV, and the energy of a row. */
import { isoTime } from "../../base/iso-time.ts";
import type { Settings } from "../../model/settings.ts";
import type { HistoryRow } from "./row.ts";

/** A text format of the history. Each returned text ends with a line break. */
export interface HistoryFormat {
  readonly head: string;
  row(row: HistoryRow): string;
  /** @param sum all rows joined into one; `undefined` without rows */
  end(sum: HistoryRow | undefined): string;
}

export type Shown = Pick<Settings, "displayUnit" | "heaterPower">;

/** kWh, from the setting `heaterPower`; `undefined` without that setting. */
export const energyOf = (
  { heaterSeconds }: HistoryRow,
  { heaterPower }: Pick<Shown, "heaterPower">,
): number | undefined => (heaterPower === 0 ? undefined : (heaterSeconds / 3600) * (heaterPower / 1000));

/** Start of the day that contains a wall time, in this machine's time zone. */
export function dayOf(atMs: number): number {
  const at = new Date(atMs);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
}

/** Temperatures in °C, times in UTC, whatever the settings. */
export const valuesOf = (row: HistoryRow, settings: Pick<Shown, "heaterPower">) => ({
  time: isoTime(row.atMs),
  clockTrusted: row.clockTrusted,
  seconds: Math.round(row.seconds),
  temperature: rounded(row.temperature, 2),
  humidity: rounded(row.humidity, 1),
  setPoint: rounded(row.setPoint, 2),
  demand: rounded(row.demand, 1),
  heaterSeconds: Math.round(row.heaterSeconds),
  kWh: rounded(energyOf(row, settings) ?? null, 3),
  mode: row.mode,
  faults: row.faults,
});

export const rounded = (value: number | null, decimals: number): number | null =>
  value === null ? null : Number(value.toFixed(decimals));

export const csvFormat = (settings: Pick<Shown, "heaterPower">): HistoryFormat => ({
  head: "time,clockTrusted,seconds,temperature,humidity,setPoint,demand,heaterSeconds,kWh,mode,faults\n",
  row(row) {
    const { faults, ...values } = valuesOf(row, settings);
    // No value contains a comma or a quote.
    return `${[...Object.values(values), faults.join(" ")].map((value) => value ?? "").join(",")}\n`;
  },
  end: () => "",
});
