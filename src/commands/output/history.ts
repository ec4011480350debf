/** The history as a table, as CSV and as JSON, row by row. */
import { isoTime } from "../../base/iso-time.ts";
import { percentText, temperatureText } from "../../board/screen/format.ts";
import type { HistoryRow } from "../../firmware/history/row.ts";
import type { Settings } from "../../model/settings.ts";

/** What turns rows into text, piece by piece; each piece ends with a line break. */
export interface HistoryFormat {
  readonly head: string;
  row(row: HistoryRow): string;
  /** @param sum all rows as one; `undefined` for none */
  end(sum: HistoryRow | undefined): string;
}

type Shown = Pick<Settings, "displayUnit" | "heaterPower">;

/** kWh, with the power that the settings name; `undefined` when they name none. */
export const energyOf = ({ heaterSeconds }: HistoryRow, { heaterPower }: Shown): number | undefined =>
  heaterPower === 0 ? undefined : (heaterSeconds / 3600) * (heaterPower / 1000);

/** Of the time that was recorded, in percent. */
const dutyOf = ({ heaterSeconds, seconds }: HistoryRow): number =>
  seconds === 0 ? 0 : (heaterSeconds / seconds) * 100;

const hoursText = (seconds: number): string => (seconds / 3600).toFixed(2);

interface Column {
  readonly name: string;
  readonly text: (row: HistoryRow) => string;
}

/** Times are those of this machine. @param showsDays only the date is of interest */
export function tableFormat(settings: Shown, showsDays: boolean): HistoryFormat {
  const { displayUnit: unit, heaterPower } = settings;
  const energy = (row: HistoryRow): string => (energyOf(row, settings) ?? 0).toFixed(2);
  const columns: readonly Column[] = [
    { name: showsDays ? "day       " : "time             ", text: (row) => localTime(row, showsDays) },
    { name: `room °${unit}`, text: ({ temperature }) => temperatureText(temperature ?? undefined, unit) },
    { name: "humidity %", text: ({ humidity }) => percentText(humidity ?? undefined) },
    { name: `set-point °${unit}`, text: ({ setPoint }) => temperatureText(setPoint, unit) },
    { name: "demand %", text: ({ demand }) => percentText(demand) },
    { name: "heater %", text: (row) => percentText(dutyOf(row)) },
    { name: "heater h", text: ({ heaterSeconds }) => hoursText(heaterSeconds) },
    ...(heaterPower === 0 ? [] : [{ name: "     kWh", text: energy }]),
    { name: "mode  ", text: ({ mode }) => mode },
    { name: "faults", text: ({ faults }) => faults.join(", ") },
  ];
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, at) => {
        const { length } = columns[at]?.name ?? "";
        return isText(columns[at]) ? cell.padEnd(length) : cell.padStart(length);
      })
      .join("  ")
      .trimEnd()}\n`;
  return {
    head: line(columns.map(({ name }) => name)),
    row: (row) => line(columns.map(({ text }) => text(row))),
    end(sum) {
      if (sum === undefined) return "";
      const energies = heaterPower === 0 ? "" : `, ${energy(sum)} kWh`;
      const duty = `heater on for ${hoursText(sum.heaterSeconds)} h (${percentText(dutyOf(sum))} %)`;
      return `In ${hoursText(sum.seconds)} h that were recorded: ${duty}${energies}.\n`;
    },
  };
}

const isText = (column: Column | undefined): boolean => /^(day|time|mode|faults)/.test(column?.name ?? "");

/** "?" marks the time of a clock that was wrong. */
function localTime({ atMs, clockTrusted }: HistoryRow, showsDays: boolean): string {
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = showsDays ? "" : ` ${two(at.getHours())}:${two(at.getMinutes())}`;
  return `${day}${time}${clockTrusted ? "" : "?"}`;
}

/** The start of the day of this machine that a wall time is in. */
export function dayOf(atMs: number): number {
  const at = new Date(atMs);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
}

/** Temperatures in °C, times in UTC, whatever the settings. */
const valuesOf = (row: HistoryRow, settings: Shown) => ({
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

const rounded = (value: number | null, decimals: number): number | null =>
  value === null ? null : Number(value.toFixed(decimals));

export const csvFormat = (settings: Shown): HistoryFormat => ({
  head: "time,clockTrusted,seconds,temperature,humidity,setPoint,demand,heaterSeconds,kWh,mode,faults\n",
  row(row) {
    const { faults, ...values } = valuesOf(row, settings);
    // No value has a comma or a quote in it.
    return `${[...Object.values(values), faults.join(" ")].map((value) => value ?? "").join(",")}\n`;
  },
  end: () => "",
});

/** One list. */
export function jsonFormat(settings: Shown): HistoryFormat {
  let before = "";
  return {
    head: "[\n",
    row(row) {
      const text = `${before}${JSON.stringify(valuesOf(row, settings))}`;
      before = ",\n";
      return text;
    },
    end: (sum) => (sum === undefined ? "]\n" : "\n]\n"),
  };
}
