/** The stored history as the series of the page. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { folderDisk } from "../../../src/base/files/folder-disk.ts";
import { recordedHistory } from "../../../src/firmware/history/recorded-history.ts";
import type { HistoryRow } from "../../../src/firmware/history/row.ts";
import { historyFolder } from "../../../src/firmware/history/segment.ts";
import { HistoryStore } from "../../../src/firmware/history/store.ts";
import { withRecorded } from "../../../src/hub/twin/recorded.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { minuteMs, noon, rowAt, rowsAt } from "../history/rig.ts";

async function recordedOf(rows: readonly HistoryRow[]) {
  const data = mkdtempSync(join(tmpdir(), "recorded-"));
  onTestFinished(() => rmSync(data, { recursive: true }));
  const store = new HistoryStore(folderDisk(historyFolder(data)));
  await store.open();
  for (let at = 0; at < rows.length; ) at += await store.append(rows.slice(at));
  return recordedHistory({ deviceId: "own", dataPath: data, settings: () => defaultSettings });
}

const at = (minute: number): number => noon + minute * minuteMs;

describe("the recorded history", () => {
  it("gives a point for each minute of a day, with an empty one where a gap begins", async () => {
    const recorded = await recordedOf([...rowsAt(1, 3), rowAt(30, { temperature: null }), rowAt(31)]);
    const { temperature, heaterOn } = await recorded.series(at(0), at(60));
    expect(temperature?.atMs).toEqual([1, 2, 3, 4, 30, 31].map(at));
    expect(temperature?.values).toEqual([19.5, 19.5, 19.5, null, null, 19.5]);
    expect(heaterOn?.values).toEqual([0.4, 0.4, 0.4, null, 0.4, 0.4]);
  });

  it("gives fewer points the longer the range is, and means of each", async () => {
    const rows = Array.from({ length: 7 * 1440 }, (_, minute) =>
      rowAt(minute, { temperature: 19 + (minute % 10) / 10 }),
    );
    const recorded = await recordedOf(rows);
    for (const days of [1, 7, 30, 365]) {
      const now = at(7 * 1440);
      const { temperature } = await recorded.series(now - days * 1440 * minuteMs, now);
      expect(temperature?.atMs.length).toBeLessThanOrEqual(1500);
      if (days > 1)
        expect(temperature?.values.slice(1).every((value) => Math.abs((value ?? 0) - 19.45) < 0.01)).toBe(
          true,
        );
      else expect(temperature?.atMs.length).toBeGreaterThan(1400);
    }
  });

  it("leaves out rows of a wrong clock, and those of one that was set back", async () => {
    const recorded = await recordedOf([rowAt(1, { clockTrusted: false }), rowAt(10), rowAt(5), rowAt(11)]);
    const { setPoint } = await recorded.series(at(0), at(60));
    expect(setPoint?.values).toEqual([10, 11]);
  });

  it("is nothing where nothing is recorded", async () => {
    expect(
      await recordedHistory({
        deviceId: "own",
        dataPath: "/nowhere",
        settings: () => defaultSettings,
      }).series(0, noon),
    ).toEqual({});
  });

  it("comes before what the hub has in memory, each time once", () => {
    const past = { temperature: { atMs: [1, 2, 3], values: [10, 20, 30] } };
    const memory = { temperature: { atMs: [3, 4], values: [31, 41] }, other: { atMs: [9], values: [1] } };
    expect(withRecorded(past, memory)).toEqual({
      temperature: { atMs: [1, 2, 3, 4], values: [10, 20, 31, 41] },
      other: memory.other,
    });
    expect(withRecorded(past, {})).toEqual(past);
    expect(withRecorded({}, memory)).toEqual(memory);
  });
});
