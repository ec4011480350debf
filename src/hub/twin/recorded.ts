/**
 * Combines the history that the unit on the hub's machine has stored with the newer telemetry that the hub
 * has in memory.
 */
import type { DayRow, HistorySeries } from "../page-server/api-history.ts";

export type SeriesByName = Readonly<Record<string, HistorySeries>>;

/** The time span that one row covers. */
export type HistorySpan = "minute" | "hour" | "day";
export const historySpans: readonly HistorySpan[] = ["minute", "hour", "day"];

/** Provided by the caller: the hub does not read the files of a device. */
export interface RecordedHistory {
  /** Whose history it is. */
  readonly deviceId: string;
  /**
   * Series by telemetry name, oldest point first; `null` begins a gap. Never rejects: unreadable parts are
   * missing.
   */
  series(sinceMs: number, nowMs: number): Promise<SeriesByName>;
  /** One row for each day, in the local time of this machine. Never rejects either. */
  days(sinceMs: number, nowMs: number): Promise<readonly DayRow[]>;
  /** As CSV in pieces, with a header line. */
  csv(sinceMs: number, nowMs: number, every: HistorySpan): AsyncIterable<string>;
}

/** The recorded points before the first one in memory, then those in memory. */
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
