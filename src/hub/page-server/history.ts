/** What a device has measured and done: as series for the plot, by the day, and as CSV. */
import type { Context, Hono } from "hono";
import { stream } from "hono/streaming";
import type { Clock } from "../../base/clock.ts";
import { historySpans, type RecordedHistory, type SeriesByName, withRecorded } from "../twin/recorded.ts";
import type { DayRow, History } from "./api-history.ts";

export interface HistoryParts {
  readonly clock: Pick<Clock, "wallNow">;
  /** What the device with this id has stored; `undefined` for one that stores nothing here. */
  readonly recordedOf: (id: string) => RecordedHistory | undefined;
  /** Newer readings in memory. */
  readonly memory: (id: string, sinceMs: number) => SeriesByName;
}

/** @param app where the ids are known to be devices' */
export function addHistory(app: Hono, { clock, recordedOf, memory }: HistoryParts): void {
  app.get("/api/devices/:id/history", async (c) => {
    const [id, since, nowMs] = [c.req.param("id"), sinceOf(c), clock.wallNow()];
    const past = (await recordedOf(id)?.series(since, nowMs)) ?? {};
    return c.json({ nowMs, series: withRecorded(past, memory(id, since)) } satisfies History);
  });
  app.get("/api/devices/:id/days", async (c) => {
    const days: readonly DayRow[] =
      (await recordedOf(c.req.param("id"))?.days(sinceOf(c), clock.wallNow())) ?? [];
    return c.json(days);
  });
  app.get("/api/devices/:id/history.csv", (c) => {
    const every = historySpans.find((span) => span === c.req.query("every")) ?? "minute";
    const pieces = recordedOf(c.req.param("id"))?.csv(sinceOf(c), clock.wallNow(), every);
    c.header("Content-Type", "text/csv; charset=utf-8");
    c.header("Content-Disposition", 'attachment; filename="history.csv"');
    return stream(c, async (out) => {
      for await (const piece of pieces ?? []) {
        // Whoever has gone needs no more.
        if (out.aborted) return;
        await out.write(piece);
      }
    });
  });
}

function sinceOf(c: Context): number {
  const asked = Number(c.req.query("sinceMs") ?? 0);
  return Number.isFinite(asked) ? asked : 0;
}
