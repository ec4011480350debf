/** The history for other programs and for the page: as CSV, row by row, and the energy of a row. */
import { isoTime } from "../../base/iso-time.ts";
import type { Settings } from "../../model/settings.ts";
import type { HistoryRow } from "./row.ts";

/** What turns rows into text, piece by piece; each piece ends with a line break. */
export interface HistoryFormat {
  readonly head: string;
  row(row: HistoryRow): string;
  /** @param sum all rows as one; `undefined` for none */
  end(sum: HistoryRow | undefined): string;
}

export type Shown = Pick<Settings, "displayUnit" | "heaterPower">;

/** kWh, with the power that the settings name; `undefined` when they name none. */
export const energyOf = (
  { heaterSeconds }: HistoryRow,
  { heaterPower }: Pick<Shown, "heaterPower">,
): number | undefined => (heaterPower === 0 ? undefined : (heaterSeconds / 3600) * (heaterPower / 1000));

/** The start of the day of this machine that a wall time is in. */
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
    // No value has a comma or a quote in it.
    return `${[...Object.values(values), faults.join(" ")].map((value) => value ?? "").join(",")}\n`;
  },
  end: () => "",
});
