/**
 * The stored history of this unit as series for its page.
 *
 * Guarantee: at most some 1,500 points in a series, whatever the range; times ascend: rows with a wrong
 * clock, or after it was set back, are left out; one file of the history is in memory at a time.
 */
import type { DayRow, HistorySeries } from "../../hub/page-server/api-history.ts";
import type { HistorySpan, RecordedHistory } from "../../hub/twin/recorded.ts";
import type { Settings } from "../../model/settings.ts";
import { csvFormat, dayOf, energyOf, rounded } from "./export.ts";
import { type HistoryRow, hourOf, RowJoiner } from "./row.ts";
import { wholeHistory } from "./whole-history.ts";

const minuteMs = 60_000;
/** Time that a point covers, in minutes. */
const steps = [1, 10, 60, 360, 1440];
const maxPoints = 1500;

/** The series, by their telemetry names. */
const columns: Readonly<Record<string, (row: HistoryRow) => number | null>> = {
  temperature: ({ temperature }) => temperature,
  humidity: ({ humidity }) => humidity,
  setPoint: ({ setPoint }) => setPoint,
  heatingDemand: ({ demand }) => demand,
  /** Share of the time, 0 to 1. */
  heaterOn: ({ heaterSeconds, seconds }) => (seconds === 0 ? null : Math.min(1, heaterSeconds / seconds)),
};

const spanStarts: Readonly<Record<HistorySpan, (atMs: number) => number>> = {
  minute: (atMs) => atMs,
  hour: hourOf,
  day: dayOf,
};

export interface RecordedOptions {
  readonly deviceId: string;
  readonly dataPath: string;
  /** Called at each use, since the settings may change. */
  readonly settings: () => Pick<Settings, "heaterPower">;
}

export const recordedHistory = ({ deviceId, dataPath, settings }: RecordedOptions): RecordedHistory => ({
  deviceId,
  async series(sinceMs, nowMs) {
    const minutes = (nowMs - sinceMs) / minuteMs;
    const step = steps.find((each) => minutes / each <= maxPoints) ?? 1440;
    const points = new Points(step * minuteMs);
    for await (const row of rowsOf(dataPath, sinceMs, nowMs))
      if (row.clockTrusted && row.atMs > sinceMs) points.add(row);
    return points.end();
  },
  async days(sinceMs, nowMs) {
    const days: DayRow[] = [];
    const used = settings();
    for await (const row of joinedRows(rowsOf(dataPath, dayOf(sinceMs), nowMs), "day"))
      if (row.clockTrusted) days.push(dayRow(row, used));
    return days;
  },
  async *csv(sinceMs, nowMs, every) {
    const format = csvFormat(settings());
    yield format.head;
    for await (const row of joinedRows(rowsOf(dataPath, sinceMs, nowMs), every)) yield format.row(row);
  },
});

/**
 * Ends early if the history cannot be read (another user's folder, a failing disk): the device itself shows
 * that fault.
 */
async function* rowsOf(dataPath: string, sinceMs: number, nowMs: number): AsyncGenerator<HistoryRow> {
  try {
    for await (const { rows } of wholeHistory({ dataPath, sinceMs }))
      for (const row of rows) if (row.atMs >= sinceMs && row.atMs <= nowMs) yield row;
  } catch {}
}

async function* joinedRows(rows: AsyncIterable<HistoryRow>, every: HistorySpan): AsyncGenerator<HistoryRow> {
  const joiner = new RowJoiner(spanStarts[every]);
  for await (const row of rows) {
    const done = joiner.add(row);
    if (done !== undefined) yield done;
  }
  const last = joiner.end();
  if (last !== undefined) yield last;
}

const dayRow = (row: HistoryRow, settings: Pick<Settings, "heaterPower">): DayRow => ({
  atMs: dayOf(row.atMs),
  seconds: Math.round(row.seconds),
  heaterSeconds: Math.round(row.heaterSeconds),
  kWh: rounded(energyOf(row, settings) ?? null, 3),
  temperature: rounded(row.temperature, 2),
});

class Points {
  readonly #stepMs: number;
  readonly #joiner: RowJoiner;
  readonly #times: number[] = [];
  readonly #rows: (HistoryRow | undefined)[] = [];

  constructor(stepMs: number) {
    this.#stepMs = stepMs;
    this.#joiner = new RowJoiner((atMs) => Math.floor(atMs / stepMs) * stepMs);
  }

  add(row: HistoryRow): void {
    this.#point(this.#joiner.add(row));
  }

  end(): Readonly<Record<string, HistorySeries>> {
    this.#point(this.#joiner.end());
    if (this.#times.length === 0) return {};
    const series = Object.entries(columns).map(([name, read]): [string, HistorySeries] => [
      name,
      { atMs: this.#times, values: this.#rows.map((row) => (row === undefined ? null : read(row))) },
    ]);
    return Object.fromEntries(series);
  }

  #point(row: HistoryRow | undefined): void {
    const before = this.#times.at(-1);
    if (row === undefined || (before !== undefined && row.atMs <= before)) return;
    // A row of an hour may be the only one within a longer step, or be longer than a short step.
    const longest = Math.max(this.#stepMs, (this.#rows.at(-1)?.seconds ?? 0) * 1000);
    if (before !== undefined && row.atMs - before > 2.5 * longest) {
      this.#times.push(before + longest);
      this.#rows.push(undefined);
    }
    this.#times.push(row.atMs);
    this.#rows.push(row);
  }
}
