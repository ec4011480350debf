/** The history that a unit beside the hub has stored itself, in front of the telemetry that the hub has in memory. */
import type { DayRow, HistorySeries } from "../page-server/api-history.ts";

export type SeriesByName = Readonly<Record<string, HistorySeries>>;

/** What a row stands for. */
export type HistorySpan = "minute" | "hour" | "day";
export const historySpans: readonly HistorySpan[] = ["minute", "hour", "day"];

/** Handed in: the hub itself knows no device's files. */
export interface RecordedHistory {
  /** Whose history it is. */
  readonly deviceId: string;
  /** By the name of the telemetry, oldest first; `null` begins a gap. Never rejects: what cannot be read is missing. */
  series(sinceMs: number, nowMs: number): Promise<SeriesByName>;
  /** Likewise, by the day of this machine. */
  days(sinceMs: number, nowMs: number): Promise<readonly DayRow[]>;
  /** As CSV, piece by piece, with its head. */
  csv(sinceMs: number, nowMs: number, every: HistorySpan): AsyncIterable<string>;
}

/** Of what is recorded, all before the first reading in memory. */
export function withRecorded(recorded: SeriesByName, memory: SeriesByName): SeriesByName {
  const joined = Object.entries(recorded).map(([name, past]): [string, HistorySeries] => {
    const recent = Object.hasOwn(memory, name) ? memory[name] : undefined;
    const begin = recent?.atMs[0] ?? Number.POSITIVE_INFINITY;
    const count = past.atMs.findIndex((at) => at >= begin);
    const kept = count === -1 ? past.atMs.length : count;
    return [
      name,
      {
        atMs: [...past.atMs.slice(0, kept), ...(recent?.atMs ?? [])],
        values: [...past.values.slice(0, kept), ...(recent?.values ?? [])],
      },
    ];
  });
  return Object.fromEntries([...Object.entries(memory), ...joined]);
}
