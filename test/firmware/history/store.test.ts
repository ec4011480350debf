/** What is stored stays, in order and bounded, whatever cuts, damage, a full disk or a wrong clock do. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeRow, type HistoryRow, hourOf, RowJoiner } from "../../../src/firmware/history/row.ts";
import { segmentName } from "../../../src/firmware/history/segment.ts";
import { type HistoryLimits, HistoryStore, historyLimits } from "../../../src/firmware/history/store.ts";
import { MemoryDisk, readAll, rowAt, rowsAt } from "./rig.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
const small: HistoryLimits = { rowsPerMinuteFile: 120, minuteFiles: 3, rowsPerHourFile: 8, hourFiles: 4 };

async function opened(disk: MemoryDisk, limits = small): Promise<HistoryStore> {
  const store = new HistoryStore(disk, limits);
  await store.open();
  return store;
}

/** Appends as the recorder does. */
async function appendAll(store: HistoryStore, rows: readonly HistoryRow[]): Promise<void> {
  for (let at = 0; at < rows.length; ) at += await store.append(rows.slice(at));
  await store.bound();
}

const setPoints = (rows: readonly HistoryRow[]) => rows.map(({ setPoint }) => setPoint);

function byHour(rows: readonly HistoryRow[]): HistoryRow[] {
  const joiner = new RowJoiner(hourOf);
  const joined = rows.flatMap((row) => joiner.add(row) ?? []);
  return [...joined, ...[joiner.end()].flatMap((row) => row ?? [])];
}

describe("the history's store", () => {
  it("gives back what was stored, in order, also after a restart", async () => {
    const disk = new MemoryDisk();
    await appendAll(await opened(disk), rowsAt(1, 100));
    await appendAll(await opened(disk), rowsAt(101, 200));
    expect(await readAll(disk)).toEqual({ rows: rowsAt(1, 200), damaged: 0, unreadable: 0 });
  });

  it("makes hours of the oldest minutes, and joins nothing twice", async () => {
    const disk = new MemoryDisk();
    const store = await opened(disk);
    for (let first = 0; first < 600; first += 60) await appendAll(store, rowsAt(first, first + 59));
    const { rows } = await readAll(disk);
    // Files hold two hours each: of five, two are hours by now.
    expect(rows.slice(0, 4)).toEqual(byHour(rowsAt(0, 239)));
    expect(rows.slice(4)).toEqual(rowsAt(240, 599));
    expect(rows.reduce((sum, { seconds }) => sum + seconds, 0)).toBe(36_000);
    expect(rows.reduce((sum, { heaterSeconds }) => sum + heaterSeconds, 0)).toBe(14_400);
  });

  it("keeps to the number of its files for ever", async () => {
    const disk = new MemoryDisk();
    const store = await opened(disk);
    let most = 0;
    for (let first = 1; first <= 12_000; first += 60) {
      await appendAll(store, rowsAt(first, first + 59));
      most = Math.max(most, disk.files.size);
    }
    expect(most).toBe(small.minuteFiles + small.hourFiles);
    const { rows } = await readAll(disk);
    expect(setPoints(rows)).toEqual(setPoints(rows).toSorted((a, b) => a - b));
    expect(rows.at(-1)?.setPoint).toBe(12_000);
  });

  it("keeps the order of recording with a clock that jumps", async () => {
    const disk = new MemoryDisk();
    const jumps = [5, 900, 3, 4, 2000, 1].map((minute, at) =>
      rowAt(minute, { setPoint: at, clockTrusted: at > 2 }),
    );
    await appendAll(await opened(disk), jumps);
    expect((await readAll(disk)).rows).toEqual(jumps);
  });

  it("ends a torn line, counts it, and goes on after it", async () => {
    const disk = new MemoryDisk();
    await appendAll(await opened(disk), rowsAt(1, 3));
    const name = segmentName("minutes", 1);
    disk.files.set(name, disk.files.get(name)?.subarray(0, -10) ?? Buffer.alloc(0));
    await appendAll(await opened(disk), rowsAt(4, 5));
    const { rows, damaged } = await readAll(disk);
    expect(setPoints(rows)).toEqual([1, 2, 4, 5]);
    expect(damaged).toBe(1);
  });

  it("goes on where a full disk has written half of a batch", async () => {
    const disk = new MemoryDisk();
    const store = await opened(disk);
    await appendAll(store, rowsAt(1, 10));
    disk.fault = "ENOSPC";
    await expect(store.append(rowsAt(11, 20))).rejects.toThrow("ENOSPC");
    disk.fault = undefined;
    await appendAll(store, rowsAt(11, 25));
    expect(await readAll(disk)).toEqual({ rows: rowsAt(1, 25), damaged: 0, unreadable: 0 });
  });

  it("leaves alone what is in the place of a file and no regular one, and goes on beside it", async () => {
    const disk = new MemoryDisk();
    await appendAll(await opened(disk), rowsAt(1, 3));
    const list = disk.list.bind(disk);
    disk.list = async () => [
      ...(await list()),
      { name: segmentName("minutes", 7), size: undefined } as never,
    ];
    await appendAll(await opened(disk), rowsAt(4, 5));
    expect([...disk.files.keys()]).toEqual([segmentName("minutes", 1), segmentName("minutes", 8)]);
    expect((await readAll(disk)).rows).toEqual(rowsAt(1, 5));
  });

  it("is read up to where the device said it ended, so that no row comes twice", async () => {
    const disk = new MemoryDisk();
    const store = await opened(disk);
    await appendAll(store, rowsAt(1, 110));
    const { end } = store;
    await appendAll(store, rowsAt(111, 200));
    expect((await readAll(disk, end)).rows).toEqual(rowsAt(1, 110));
  });

  it("is read from the file on in which a time is, and whole where that is older than all minutes", async () => {
    const disk = new MemoryDisk();
    const store = await opened(disk);
    for (let first = 0; first < 600; first += 60) await appendAll(store, rowsAt(first, first + 59));
    const since = (number: number) => readAll(disk, undefined, rowAt(number).atMs);
    expect((await since(500)).rows).toEqual(rowsAt(480, 599));
    expect((await since(240)).rows).toEqual(rowsAt(240, 599));
    expect(await since(239)).toEqual(await readAll(disk));
  });

  it("takes less than 5 MB, and less than 16 MB where each row has all the faults that it can", () => {
    const bytesOf = (row: HistoryRow): number => {
      const { minuteFiles, rowsPerMinuteFile, hourFiles, rowsPerHourFile } = historyLimits;
      const line = Buffer.byteLength(`12345678 12345678 ${encodeRow(row)}\n`);
      return line * (minuteFiles * rowsPerMinuteFile + hourFiles * (rowsPerHourFile + 25));
    };
    const usual = rowAt(1, { temperature: 19.47, humidity: 45.6, setPoint: 20.5, demand: 43.7 });
    const faults = ["x", "y", "z", "w"].map((letter) => letter.repeat(32));
    expect(bytesOf(usual)).toBeLessThan(5_000_000);
    expect(bytesOf({ ...usual, temperature: -39.99, humidity: 100, demand: 100, faults })).toBeLessThan(
      16_000_000,
    );
  });
});

describe("with random appends, restarts, cuts and damage", () => {
  const act = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant("append" as const), count: fc.integer({ min: 1, max: 90 }) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("clock" as const),
        minutes: fc.integer({ min: -5000, max: 5000 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("flip" as const),
        at: fc.nat(),
        bit: fc.integer({ min: 0, max: 7 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("truncate" as const), by: fc.integer({ min: 1, max: 300 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("full" as const) }) },
  );

  it("every row is there that no damage hit, in order, as a minute or within its hour", async () => {
    console.log(`SEED=${seed}`);
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 60 }), async (acts) => {
        const disk = new MemoryDisk();
        let store = await opened(disk);
        const written: HistoryRow[] = [];
        let [clock, mayMiss] = [0, 0];
        for (const each of acts) {
          if (each.kind === "clock") clock += each.minutes;
          if (each.kind === "restart") store = await opened(disk);
          if (each.kind === "append" || each.kind === "full") {
            const count = each.kind === "append" ? each.count : 7;
            const rows = Array.from({ length: count }, (_, at) =>
              rowAt(clock + at, { setPoint: written.length + at }),
            );
            if (each.kind === "full") {
              disk.fault = "ENOSPC";
              await expect(appendAll(store, rows)).rejects.toThrow("ENOSPC");
              disk.fault = undefined;
            }
            await appendAll(store, rows);
            clock += count;
            written.push(...rows);
          }
          if (each.kind === "flip" || each.kind === "truncate") {
            mayMiss += damage(disk, each);
            store = await opened(disk);
          }
        }
        const { rows, damaged } = await readAll(disk);
        const found = setPoints(rows);
        // In order, none twice: a set-point is the number of the last row that it stands for.
        expect(found.every((value, at) => at === 0 || value > (found[at - 1] ?? 0))).toBe(true);
        const seconds = rows.reduce((sum, row) => sum + row.seconds, 0);
        const lost = written.length - seconds / 60;
        const droppedHours = [...disk.files.keys()].filter((name) => name.startsWith("hours")).length >= 4;
        expect(lost).toBeGreaterThanOrEqual(0);
        if (!droppedHours) expect(lost).toBeLessThanOrEqual(mayMiss);
        if (mayMiss === 0) expect(damaged).toBe(0);
        // What is a minute still is exactly as it was written.
        const minutes = rows.filter((row) => row.seconds === 60);
        for (const row of minutes) expect(row).toEqual(written[row.setPoint]);
      }),
      { seed, numRuns: 150 },
    );
  });
});

/** @returns how many minutes it may cost: two lines for a bit, those that are cut off; sixty for each line of an hour */
function damage(
  disk: MemoryDisk,
  act: { kind: "flip"; at: number; bit: number } | { kind: "truncate"; by: number },
): number {
  const names = [...disk.files.keys()].filter((name) => (disk.files.get(name)?.length ?? 0) > 0);
  const name = names[(act.kind === "flip" ? act.at : act.by) % Math.max(1, names.length)];
  const bytes = name === undefined ? undefined : disk.files.get(name);
  if (name === undefined || bytes === undefined) return 0;
  const perLine = name.startsWith("hours") ? 60 : 1;
  if (act.kind === "truncate") {
    disk.files.set(name, bytes.subarray(0, Math.max(0, bytes.length - act.by)));
    // No line is shorter.
    return (Math.ceil(act.by / 40) + 1) * perLine;
  }
  const flipped = Buffer.from(bytes);
  const at = act.at % flipped.length;
  flipped[at] = (flipped[at] ?? 0) ^ (1 << act.bit);
  disk.files.set(name, flipped);
  return 2 * perLine;
}
