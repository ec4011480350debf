import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seconds } from "../../../src/base/units.ts";
import { decode, encode, previousName, StateStore } from "../../../src/firmware/storage/state-store.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { FailingDisk } from "./failing-disk.ts";

const path = "/data/state.json";

function storeOn(disk: FailingDisk, clock = new VirtualClock()) {
  return { clock, disk, store: new StateStore(path, disk.files, clock) };
}

describe("the state store", () => {
  it("gives back the document that it kept", async () => {
    const { store, disk, clock } = storeOn(new FailingDisk());
    store.offer({ target: 21.5 });
    await clock.advance(seconds(2));
    expect(await storeOn(disk).store.load()).toEqual({ kind: "found", document: { target: 21.5 } });
  });

  it("writes one document at a time, and of a run of changes the newest", async () => {
    const { store, disk, clock } = storeOn(new FailingDisk());
    for (let target = 19; target < 22; target += 0.5) store.offer({ target });
    await clock.advance(seconds(1));
    expect(store.writes).toBe(1);
    expect(await storeOn(disk).store.load()).toEqual({ kind: "found", document: { target: 21.5 } });
  });

  it("does not write what is already there", async () => {
    const { store, clock } = storeOn(new FailingDisk());
    store.offer({ a: 1 });
    await clock.advance(seconds(3));
    store.offer({ a: 1 });
    await clock.advance(seconds(10));
    expect(store.writes).toBe(1);
  });

  it("holds the old or the new document, whole, wherever the power is cut", async () => {
    let cuts = 0;
    for (let operations = 0; ; operations += 1) {
      const disk = new FailingDisk();
      disk.put(path, encode('{"target":19}'));
      const { store, clock } = storeOn(disk);
      await store.load();
      disk.operationsLeft = operations;
      store.offer({ target: 25 });
      await clock.advance(seconds(2));
      for (const namesKept of [true, false]) {
        const found = await storeOn(disk.afterCut(namesKept)).store.load();
        expect(found.kind, `cut after ${operations} operations`).toBe("found");
        if (found.kind === "found") expect([{ target: 19 }, { target: 25 }]).toContainEqual(found.document);
      }
      cuts += 1;
      if (store.writes === 1) break;
    }
    expect(cuts).toBeGreaterThan(5);
  });

  it("gives the document before it when the newest is damaged, wherever the power was cut after a write", async () => {
    let cuts = 0;
    for (let operations = 0; ; operations += 1) {
      const { store, disk, clock } = storeOn(new FailingDisk());
      for (const target of [19, 20, 21]) {
        store.offer({ target });
        await clock.settle();
      }
      disk.operationsLeft = operations;
      store.offer({ target: 25 });
      await clock.advance(seconds(2));
      for (const namesKept of [true, false]) {
        const after = disk.afterCut(namesKept);
        after.put(path, "\0\0\0\0");
        const found = await storeOn(after).store.load();
        expect(found.kind).toBe("unreadable");
        if (found.kind !== "unreadable") return;
        expect(
          [20, 21].map((target) => ({ document: { target } })),
          `cut after ${operations}`,
        ).toContainEqual(found.previous);
      }
      cuts += 1;
      if (store.writes === 4) break;
    }
    expect(cuts).toBeGreaterThan(5);
  });

  it("never puts a damaged file in the place of the good one before it", async () => {
    const { store, disk, clock } = storeOn(new FailingDisk());
    for (const target of [19, 20]) {
      store.offer({ target });
      await clock.settle();
    }
    disk.put(path, "rubbish");
    const next = storeOn(disk);
    expect(await next.store.load()).toMatchObject({ previous: { document: { target: 19 } } });
    next.store.offer({ target: 19.5 });
    await next.clock.settle();
    disk.put(path, "rubbish");
    expect(await storeOn(disk).store.load()).toMatchObject({ previous: { document: { target: 19 } } });
    disk.put(previousName(path), "rubbish too");
    disk.put(path, "rubbish");
    expect(await storeOn(disk).store.load()).toMatchObject({ kind: "unreadable", previous: undefined });
  });

  it("does not wait for ever for a disk that answers no read", async () => {
    const disk = new FailingDisk();
    const clock = new VirtualClock();
    const hangs = (): Promise<never> => new Promise(() => {});
    const files = { ...disk.files, read: hangs, setAside: hangs, boundKeptAside: hangs };
    const loading = new StateStore(path, files, clock).load();
    await clock.advance(seconds(45));
    expect(await loading).toEqual({
      kind: "unreadable",
      reason: "the disk does not answer",
      keptAs: undefined,
      previous: undefined,
    });
  });

  it("keeps an unreadable file aside and says why", async () => {
    for (const bad of ["", "{}", encode('{"a":1}').replace('"a"', '"b"'), encode('{"a":'), "\0\0\0\0"]) {
      const disk = new FailingDisk();
      disk.put(path, bad);
      const loaded = await storeOn(disk).store.load();
      expect(loaded.kind).toBe("unreadable");
      expect(disk.names().some((name) => name.includes("unreadable"))).toBe(true);
      expect(disk.names()).not.toContain(path);
    }
  });

  it("reports a full disk, goes on, and catches up when there is room again", async () => {
    const { store, disk, clock } = storeOn(new FailingDisk());
    disk.fault = "ENOSPC";
    store.offer({ target: 20 });
    await clock.advance(seconds(3));
    expect(store.failure).toBe("ENOSPC");
    disk.fault = undefined;
    await clock.advance(seconds(15));
    expect(store.failure).toBeUndefined();
    expect(await storeOn(disk).store.load()).toEqual({ kind: "found", document: { target: 20 } });
  });

  it("does not block its caller while the disk hangs, and writes the newest document afterwards", async () => {
    const disk = new FailingDisk();
    const clock = new VirtualClock();
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const writeDurably: typeof disk.files.writeDurably = async (file, text) => {
      await gate;
      await disk.files.writeDurably(file, text);
    };
    const store = new StateStore(path, { ...disk.files, writeDurably }, clock);
    let told = 0;
    store.onSettled(() => told++);
    store.offer({ n: 1 });
    await clock.advance(seconds(9));
    expect([store.settled, store.failure, told]).toEqual([false, undefined, 0]);
    await clock.advance(seconds(21));
    expect([store.settled, store.failure, told]).toEqual([true, "ETIMEDOUT", 1]);
    store.offer({ n: 2 });
    store.offer({ n: 3 });
    await clock.advance(seconds(30));
    release();
    await clock.advance(seconds(30));
    expect(await storeOn(disk).store.load()).toEqual({ kind: "found", document: { n: 3 } });
    expect(store.writes).toBe(2);
    expect(store.failure).toBeUndefined();
  });

  it("reports an offered document as settled only once it is on the disk or could not be written", async () => {
    const { store, disk, clock } = storeOn(new FailingDisk());
    const told: (string | undefined)[] = [];
    store.onSettled(() => told.push(store.settled ? (store.failure ?? disk.names().join()) : "not settled"));
    store.offer({ target: 20 });
    store.offer({ target: 21 });
    expect(told).toEqual([]);
    await clock.settle();
    expect(told).toEqual([path]);
    disk.fault = "ENOSPC";
    store.offer({ target: 22 });
    await clock.settle();
    expect(told).toEqual([path, "ENOSPC"]);
  });

  it("writes what is offered in the very moment that the last write ends", async () => {
    const { store, disk, clock } = storeOn(new FailingDisk());
    let next = 1;
    store.onSettled(() => {
      if (next < 4) store.offer({ n: ++next });
    });
    store.offer({ n: 1 });
    await clock.settle();
    expect(await storeOn(disk).store.load()).toEqual({ kind: "found", document: { n: 4 } });
  });

  it("never takes a damaged file for a good one", () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.integer({ min: 1, max: 255 }), (json, at, flip) => {
        const bytes = Buffer.from(encode(json));
        const index = at % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ flip;
        const text = bytes.toString("utf8");
        const decoded = decode(text);
        // The line end after the document carries nothing.
        if (index === bytes.length - 1) return;
        expect(decoded).toHaveProperty("reason");
      }),
    );
  });
});
