import { mkdirSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hours, minutes, wallMillis } from "../../../src/base/units.ts";
import { reportLimits } from "../../../src/firmware/reports/report-store.ts";
import { type DurableFiles, durableSystemFiles } from "../../../src/firmware/storage/durable-files.ts";
import { aReport, clockAt, noon, reportsPlace, storeIn } from "./rig.ts";

const day = hours(24);

describe("error reports on the disk", () => {
  it("come back as they were written, oldest first, also to another process", async () => {
    const [folder, clock] = [await reportsPlace(), clockAt(noon)];
    const store = storeIn(folder, clock);
    const reports = ["a", "b", "c"].map((code) => aReport(clock, { code }));
    for (const report of reports) await store.add(report);
    const kept = await storeIn(folder, clock).list();
    expect(kept.map(({ report }) => report)).toEqual(reports);
    expect(kept.map(({ number, sent }) => [number, sent])).toEqual([
      [1, false],
      [2, false],
      [3, false],
    ]);
  });

  it("survive two writers at once, and no file is written twice", async () => {
    const [folder, clock] = [await reportsPlace(), clockAt(noon)];
    const stores = [0, 1].map(() => storeIn(folder, clock));
    const codes = Array.from({ length: 20 }, (_, n) => `c${n}`);
    await Promise.all(
      stores.map(async (store, n) => {
        for (const code of codes) await store.add(aReport(clock, { code: `${code}-${n}` }));
      }),
    );
    expect(await stores[0]?.list()).toHaveLength(40);
  });

  it("are a thousand at most: the oldest go", async () => {
    const [folder, clock] = [await reportsPlace(), clockAt(noon)];
    expect(reportLimits).toEqual({ maxCount: 1000, maxAgeMs: 14 * day });
    const store = storeIn(folder, clock, durableSystemFiles, { maxCount: 5 });
    for (let n = 1; n <= 8; n += 1) await store.add(aReport(clock, { code: `${n}` }));
    expect((await store.list()).map(({ report }) => report.code)).toEqual(["4", "5", "6", "7", "8"]);
  });

  it("go after 14 days, by a clock that can be believed", async () => {
    const [folder, clock] = [await reportsPlace(), clockAt(noon)];
    const store = storeIn(folder, clock);
    await store.add(aReport(clock, { code: "old" }));
    await clock.advance(hours(24 * 10));
    await store.add(aReport(clock, { code: "young" }));
    await clock.advance(hours(24 * 5));
    for (const wrong of [0, Date.UTC(2099, 0)]) {
      clock.jumpWallTo(wallMillis(wrong));
      await store.cleanUp();
      expect(await store.list()).toHaveLength(2);
    }
    clock.jumpWallTo(wallMillis(noon + 15 * day));
    await store.cleanUp();
    expect((await store.list()).map(({ report }) => report.code)).toEqual(["young"]);
  });

  it("that are damaged, empty, huge or no files are passed over and harm no other", async () => {
    const [folder, clock] = [await reportsPlace(), clockAt(noon)];
    const store = storeIn(folder, clock);
    for (const code of ["a", "b", "c", "d"]) await store.add(aReport(clock, { code }));
    const [first = "", second = "", third = ""] = readdirSync(folder).sort();
    truncateSync(join(folder, first), 100);
    truncateSync(join(folder, second), 1 << 30);
    writeFileSync(join(folder, third), "{}");
    mkdirSync(join(folder, "00000007-00000000.json"));
    writeFileSync(join(folder, "clock.json"), "no JSON");
    expect((await store.list()).map(({ report }) => report.code)).toEqual(["d"]);
    await store.add(aReport(clock, { code: "e" }));
    expect((await store.list()).map(({ number }) => number)).toEqual([4, 8]);
  });

  it("that were acknowledged stay, marked, over a restart", async () => {
    const [folder, clock] = [await reportsPlace(), clockAt(noon)];
    const store = storeIn(folder, clock);
    for (const code of ["a", "b"]) await store.add(aReport(clock, { code }));
    const [first] = await store.list();
    if (first !== undefined) await store.markSent(first);
    const again = await storeIn(folder, clock).list();
    expect(again.map(({ sent, report }) => [report.code, sent])).toEqual([
      ["a", true],
      ["b", false],
    ]);
  });

  it("are complete or absent after a power cut at any operation", async () => {
    for (let cutAt = 0; cutAt < 3; cutAt += 1) {
      const [folder, clock] = [await reportsPlace(), clockAt(noon)];
      await storeIn(folder, clock).add(aReport(clock, { code: "before" }));
      let operation = 0;
      const cut =
        <A extends unknown[]>(work: (...args: A) => Promise<void>) =>
        (...args: A) =>
          operation++ >= cutAt ? Promise.reject(new Error("the power is gone")) : work(...args);
      const { writeDurably, rename, syncFolder } = durableSystemFiles;
      const files: DurableFiles = {
        ...durableSystemFiles,
        writeDurably: cut(writeDurably),
        rename: cut(rename),
        syncFolder: cut(syncFolder),
      };
      const dying = storeIn(folder, clock, files).add(aReport(clock, { code: "cut" }));
      await expect(dying).rejects.toThrow("power");
      const codes = (await storeIn(folder, clock).list()).map(({ report }) => report.code);
      expect([["before"], ["before", "cut"]]).toContainEqual(codes);
    }
  });
});

describe("the time of a report", () => {
  it("is corrected once the clock is right, also after the next start of the machine", async () => {
    const [folder, clock] = [await reportsPlace(), clockAt(0)];
    const store = storeIn(folder, clock);
    const report = aReport(clock);
    await store.add(report);
    expect((await store.list())[0]?.atMs).toBeUndefined();
    await clock.advance(minutes(10));
    clock.jumpWallTo(wallMillis(noon));
    expect((await store.list())[0]?.atMs).toBe(noon - minutes(10));
    await store.cleanUp();
    // Of a running of the machine that is over: only what was kept can tell.
    const text = durableSystemFiles.read(join(folder, "clock.json"));
    expect(JSON.parse((await text) ?? "{}")).toHaveProperty([report.boot]);
  });

  it("from a clock that ran decades ahead is not believed either", async () => {
    const [folder, clock] = [await reportsPlace(), clockAt(Date.UTC(2099, 0))];
    const store = storeIn(folder, clock);
    await store.add(aReport(clock));
    expect((await store.list())[0]?.atMs).toBeUndefined();
    clock.jumpWallTo(wallMillis(noon));
    expect((await store.list())[0]?.atMs).toBe(noon);
  });
});
