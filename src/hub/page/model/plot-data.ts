/** Telemetry in the form of the plot library: one time axis, one column per series. */

import type { Series } from "./state.ts";
import { numberText, temperatureText } from "./text/words.ts";

export interface PlotData {
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly columns: readonly (readonly (number | null | undefined)[])[];
}

/**
 * @param names one column each, in this order; empty for a name without a series
 * @returns `null` is drawn as a gap, `undefined` is not
 */
export function plotData(
  series: Readonly<Record<string, Series>>,
  names: readonly string[],
  sinceMs: number,
): PlotData {
  const chosen = names.map((name) => (Object.hasOwn(series, name) ? series[name] : undefined));
  const all = new Set<number>();
  for (const one of chosen) for (const at of one?.atMs ?? []) if (at >= sinceMs) all.add(at);
  const times = [...all].sort((a, b) => a - b);
  const columns = chosen.map((one) => {
    const column: (number | null | undefined)[] = times.map(() => undefined);
    if (one === undefined) return column;
    const place = new Map(times.map((at, index) => [at, index]));
    one.atMs.forEach((at, index) => {
      const row = place.get(at);
      if (row !== undefined) column[row] = one.values[index];
    });
    return column;
  });
  return { times: times.map((at) => at / 1000), columns };
}

/** A single reading makes no line and is drawn as a point. */
export const isLone = (column: ArrayLike<number | null | undefined>): boolean =>
  Array.from(column).filter((value) => typeof value === "number").length === 1;

/** @returns the default span in minutes: an hour, or 15 minutes while there is less history */
export function openingSpan(series: Readonly<Record<string, Series>>, nowMs: number): number {
  const starts = Object.values(series).flatMap(({ atMs }) => atMs[0] ?? []);
  return starts.length > 0 && nowMs - Math.min(...starts) < 15 * 60_000 ? 15 : 60;
}

/** A sentence for screen readers. */
export function plotSummary(data: PlotData, temperatureColumn: number): string {
  const values = (data.columns[temperatureColumn] ?? []).filter((value) => typeof value === "number");
  const last = values.at(-1);
  if (last === undefined) return "No readings in this period yet.";
  if (values.length === 1) return `Temperature ${temperatureText(last)}; 1 reading.`;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `Temperature between ${numberText(low, "°C")} and ${temperatureText(high)}, ${temperatureText(last)} at the end; ${values.length} readings.`;
}
