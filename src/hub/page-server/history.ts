/** The routes of a device's history: series for the plot, days, and CSV. */
import type { Context, Hono } from "hono";
import { stream } from "hono/streaming";
import type { Clock } from "../../base/clock.ts";
import { historySpans, type RecordedHistory, type SeriesByName, withRecorded } from "../twin/recorded.ts";
import type { DayRow, History } from "./api-history.ts";

export interface HistoryParts {
  readonly clock: Pick<Clock, "wallNow">;
  /** The stored history of the device with this id; `undefined` for a device on another machine. */
  readonly recordedOf: (id: string) => RecordedHistory | undefined;
  /** The newer readings, which are in memory. */
  readonly memory: (id: string, sinceMs: number) => SeriesByName;
}

/** @param app checks before these routes that the id is that of a device */
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
        // The client has disconnected.
        if (out.aborted) return;
        await out.write(piece);
      }
    });
  });
}

function sinceOf(c: Context): number {
  const requested = Number(c.req.query("sinceMs") ?? 0);
  return Number.isFinite(requested) ? requested : 0;
}
