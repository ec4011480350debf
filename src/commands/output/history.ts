/** The history as a table and as JSON, row by row. */
import { percentText, temperatureText } from "../../board/screen/format.ts";
import { energyOf, type HistoryFormat, type Shown, valuesOf } from "../../firmware/history/export.ts";
import type { HistoryRow } from "../../firmware/history/row.ts";

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
