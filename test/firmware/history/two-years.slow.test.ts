/** Years of recording at full rate: what is kept, and how large that is. */
import { expect, it } from "vitest";
import { HistoryStore } from "../../../src/firmware/history/store.ts";
import { MemoryDisk, minuteMs, readAll, rowAt } from "./rig.ts";

const dayMs = 1440 * minuteMs;

it("keeps 30 days by the minute and two years by the hour below 5 MB, over two and a half", {
  timeout: 600_000,
}, async () => {
  const disk = new MemoryDisk();
  const store = new HistoryStore(disk);
  await store.open();
  let [number, largest] = [0, 0];
  for (let hour = 0; hour < 2.5 * 8766; hour += 1) {
    const rows = Array.from({ length: 60 }, () => {
      number += 1;
      const wave = Math.sin(number / 300);
      return rowAt(number, { temperature: 19 + wave, humidity: 45.5 + wave, demand: 40.3, setPoint: 19.5 });
    });
    for (let at = 0; at < rows.length; ) at += await store.append(rows.slice(at));
    await store.bound();
    largest = Math.max(largest, disk.bytes);
  }
  const { rows, damaged } = await readAll(disk);
  const now = rowAt(number).atMs;
  const minutes = rows.filter(({ seconds }) => seconds === 60);
  const spanDays = (now - (rows[0]?.atMs ?? now)) / dayMs;
  console.log(`largest ${largest} bytes in ${disk.files.size} files; ${spanDays.toFixed(0)} days`);
  expect(damaged).toBe(0);
  expect(largest).toBeLessThan(5_000_000);
  expect(spanDays).toBeGreaterThan(2 * 365.25);
  expect(minutes.length).toBeGreaterThanOrEqual(30 * 1440);
  // No gap between what is by the hour and what is by the minute.
  for (const [at, row] of rows.entries()) {
    const before = rows[at - 1];
    if (before !== undefined) expect(row.atMs - before.atMs).toBe(before.seconds * 1000);
  }
});
