/** The outbox's store against cuts of the power, damage of every kind, and whatever may lie in its folder. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { segmentStore } from "../../../../src/azure/outbox/segments/store.ts";
import type { OutboxStore } from "../../../../src/azure/outbox/store.ts";
import { type FolderDisk, folderDisk } from "../../../../src/base/files/folder-disk.ts";
import { wallMillis } from "../../../../src/base/units.ts";
import { range } from "../rig.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
const durable = { durable: true };
const wallNow = () => wallMillis(1_780_000_000_000);
const texts = (from: number, through: number, size = 0) =>
  range(from, through).map((key) => ({ key, text: `text ${key} "ü" ${"x".repeat(size)}` }));

function freshFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), "grove-heater-segments-"));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, "outbox");
}

const keysOf = async (store: OutboxStore) => (await store.read(0, 1e6)).map(({ key }) => key);
const segmentsIn = (folder: string) => readdirSync(folder).filter((name) => name.endsWith(".seg"));

/** Keys 1 to 3000 were written in hundreds, with a note; 1 to 500 are gone again. */
async function filled(folder: string): Promise<void> {
  const { store } = await segmentStore(folder, wallNow)("none");
  for (let first = 1; first <= 3000; first += 100) {
    await store.write({ put: texts(first, first + 99, 400), note: `note ${first}` }, durable);
  }
  await store.write({ put: [], remove: { from: 1, through: 500 } }, { durable: false });
  await store.close();
}

describe("the segment store", () => {
  it("keeps one or two small files however many messages come and go", async () => {
    const folder = freshFolder();
    const { store } = await segmentStore(folder, wallNow)("none");
    for (const key of range(1, 3000)) {
      await store.write({ put: texts(key, key, 200), note: "note" }, { durable: key % 100 === 0 });
      await store.write({ put: [], remove: { from: key, through: key } }, { durable: false });
    }
    expect(segmentsIn(folder).length).toBeLessThanOrEqual(2);
    await store.close();
    const again = await segmentStore(folder, wallNow)("none");
    expect(again.repaired).toBeUndefined();
    expect(await keysOf(again.store)).toEqual([]);
    expect(await again.store.readNote()).toBe("note");
    expect(again.store.lastKey).toBe(3000);
    await again.store.close();
  });

  it("goes on after a restart with newer files than those that are there, in order", async () => {
    const folder = freshFolder();
    await filled(folder);
    const before = segmentsIn(folder);
    const { store } = await segmentStore(folder, wallNow)("none");
    for (let first = 3001; first <= 6000; first += 100)
      await store.write({ put: texts(first, first + 99, 400) }, durable);
    await store.close();
    const added = segmentsIn(folder).filter((name) => !before.includes(name));
    expect(added.length).toBeGreaterThan(0);
    expect(added.every((name) => before.every((old) => name > old))).toBe(true);
    const again = await segmentStore(folder, wallNow)("none");
    expect(await keysOf(again.store)).toEqual(range(501, 6000));
    await again.store.close();
  });

  it("reads what is asked for and not the rest of the file, however far into it that is", async () => {
    const folder = freshFolder();
    const disk = folderDisk(folder);
    let asked = 0;
    const read: FolderDisk["read"] = (name, at, length) => {
      asked += length;
      return disk.read(name, at, length);
    };
    const { store } = await segmentStore(folder, wallNow, { ...disk, read })("none");
    await store.write({ put: texts(1, 100, 400) }, durable);
    expect(await store.read(40, 3)).toEqual(texts(40, 42, 400));
    expect(asked).toBeGreaterThan(3 * 400);
    expect(asked).toBeLessThan(4 * 450);
    await store.close();
  });

  it("removes what LevelDB left behind, and says so", async () => {
    const folder = freshFolder();
    mkdirSync(folder);
    for (const name of ["CURRENT", "LOCK", "LOG", "LOG.old", "MANIFEST-000004", "000005.ldb", "000003.log"]) {
      writeFileSync(join(folder, name), "of an earlier version");
    }
    const { store, repaired } = await segmentStore(folder, wallNow)("none");
    expect(repaired).toEqual({ by: "former-store-removed", lost: 0 });
    await store.write({ put: texts(1, 1) }, durable);
    expect(readdirSync(folder).sort()).toEqual(["00000001.seg", "lock"]);
    await store.close();
  });

  it("is not held up by a folder, a FIFO or a huge file in the place of a segment or the lock", async () => {
    const folder = freshFolder();
    await filled(folder);
    const [first = "", second = "", third = ""] = segmentsIn(folder);
    for (const name of [first, second, third]) rmSync(join(folder, name));
    execFileSync("mkfifo", [join(folder, first), join(folder, "lock")]);
    mkdirSync(join(folder, second));
    writeFileSync(join(folder, third), "");
    truncateSync(join(folder, third), 10e9);
    const { store, repaired } = await segmentStore(folder, wallNow)("none");
    const left = await keysOf(store);
    expect(left.length).toBeGreaterThan(0);
    expect(repaired?.lost).toBe(2500 - left.length);
    await store.write({ put: texts(3001, 3001) }, durable);
    await store.close();
  });

  it("takes a lock over from a process that is gone, and from another one that got its number", async () => {
    const folder = freshFolder();
    mkdirSync(folder);
    for (const holder of [`${process.pid} 1 another-boot`, "1 1 another-boot", "nonsense"]) {
      symlinkSync(holder, join(folder, "lock"));
      const { store } = await segmentStore(folder, wallNow)("none");
      await store.close();
      expect(existsSync(join(folder, "lock"))).toBe(false);
    }
  });

  it("set aside begins again, keeps one copy, carries the note over and counts what is lost", async () => {
    const folder = freshFolder();
    await filled(folder);
    mkdirSync(`${folder}.unreadable-1`);
    const { store, repaired } = await segmentStore(folder, wallNow)("set-aside");
    expect(repaired).toMatchObject({ by: "set-aside", lost: 2500 });
    expect(await keysOf(store)).toEqual([]);
    expect(await store.readNote()).toBe("note 2901");
    await store.write({ put: texts(1, 3) }, durable);
    await store.close();
    const beside = readdirSync(join(folder, "..")).sort();
    expect(beside).toEqual(["outbox", "outbox.unreadable-1780000000000"]);
    const again = await segmentStore(folder, wallNow)("none");
    expect(await keysOf(again.store)).toEqual([1, 2, 3]);
    await again.store.close();
  });
});

describe("a damaged segment", () => {
  it("costs only what was hit, and counts it once: any flipped bit, anywhere", async () => {
    const folder = freshFolder();
    await filled(folder);
    const names = segmentsIn(folder);
    const whole = new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
    const restore = () => {
      for (const name of segmentsIn(folder)) rmSync(join(folder, name));
      for (const [name, bytes] of whole) writeFileSync(join(folder, name), bytes);
    };
    const flip = fc.record({
      file: fc.nat(names.length - 1),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      bit: fc.nat(7),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 3 }), async (flips) => {
        restore();
        for (const { file, at, bit } of flips) {
          const path = join(folder, names[file] ?? "");
          const bytes = readFileSync(path);
          const index = Math.min(bytes.length - 1, Math.floor(at * bytes.length));
          bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
          writeFileSync(path, bytes);
        }
        const { store, repaired } = await segmentStore(folder, wallNow)("none");
        const left = await keysOf(store);
        const alive = left.filter((key) => key > 500);
        expect(alive.length).toBeGreaterThanOrEqual(2500 - 2 * flips.length);
        expect(left).toEqual([...left].sort((a, b) => a - b));
        for (const { key, text } of await store.read(0, 1e6)) expect(text).toContain(`text ${key} `);
        // The removal itself may be hit: then what was removed is there again, and what is lost of it counts too.
        if (left[0] !== undefined && left[0] > 500) expect(repaired?.lost ?? 0).toBe(2500 - alive.length);
        const next = (store.lastKey ?? 0) + 1;
        await store.write({ put: texts(next, next) }, durable);
        await store.close();
        const again = await segmentStore(folder, wallNow)("none");
        expect(again.repaired).toBeUndefined();
        expect(await keysOf(again.store)).toEqual([...left, next]);
        await again.store.close();
      }),
      { seed, numRuns: Number(process.env["RUNS"] ?? 60) },
    );
    console.log(`SEED=${seed}`);
  }, 120_000);
});

/** A disk in memory that forgets with the power what no sync covered, and keeps of a torn write only its beginning. */
class CutDisk implements FolderDisk {
  readonly files = new Map<string, Buffer>();
  #synced = new Map<string, Buffer>();
  /** Names as the folder has them on the disk. */
  #names = new Set<string>();
  /** So many operations, then the power is gone. */
  left = Number.POSITIVE_INFINITY;

  async list() {
    return [...this.files].map(([name, { length }]) => ({ name, size: length }));
  }
  async read(name: string, at: number, length: number) {
    return Buffer.from(this.#file(name).subarray(at, at + length));
  }
  async write(name: string, at: number, bytes: Buffer) {
    const torn = this.left === 1 ? Math.floor(bytes.length * 0.6) : bytes.length;
    const before = (this.files.get(name) ?? Buffer.alloc(0)).subarray(0, at);
    this.files.set(name, Buffer.concat([before, bytes.subarray(0, torn)]));
    this.#pass();
  }
  async truncate(name: string, length: number) {
    this.#pass();
    this.files.set(name, Buffer.from(this.#file(name).subarray(0, length)));
  }
  async sync(name: string) {
    this.#pass();
    this.#synced.set(name, Buffer.from(this.#file(name)));
  }
  async syncFolder() {
    this.#pass();
    this.#names = new Set(this.files.keys());
  }
  async remove(name: string) {
    this.#pass();
    this.files.delete(name);
  }

  /** @param keep of what was not synced: 0 nothing, 1 everything */
  powerCut(keep: number): void {
    const before = new Map(this.files);
    const names = keep >= 0.5 ? new Set(before.keys()) : this.#names;
    this.files.clear();
    for (const name of names) {
      const synced = this.#synced.get(name) ?? Buffer.alloc(0);
      const newest = before.get(name) ?? synced;
      const grown = Math.max(0, newest.length - synced.length);
      this.files.set(name, Buffer.from(newest.subarray(0, synced.length + Math.floor(grown * keep))));
    }
    this.#synced = new Map(this.files);
    this.#names = new Set(this.files.keys());
    this.left = Number.POSITIVE_INFINITY;
  }

  #file(name: string): Buffer {
    const file = this.files.get(name);
    if (file === undefined) throw Object.assign(new Error(`no ${name}`), { code: "ENOENT" });
    return file;
  }
  #pass(): void {
    this.left -= 1;
    if (this.left <= 0) throw Object.assign(new Error("the power is gone"), { code: "EIO" });
  }
}

describe("a power cut", () => {
  it("at any operation loses nothing that a durable write promised, and keeps the order", async () => {
    // The lock is a real one, in a real folder.
    const folder = freshFolder();
    await folderDisk(folder).list();
    let operations = 0;
    for (let after = 1; after < 400; after += 1) {
      for (const keep of [0, 0.3, 1]) {
        const disk = new CutDisk();
        const { store } = await segmentStore(folder, wallNow, disk)("none");
        disk.left = after;
        let promised = 0;
        let removed = 0;
        try {
          for (let key = 1; key < 120; key += 3) {
            await store.write({ put: texts(key, key + 2, 9000), note: `${key}` }, durable);
            promised = key + 2;
            removed = Math.max(0, key - 20);
            if (removed > 0)
              await store.write({ put: [], remove: { from: 1, through: removed } }, { durable: false });
          }
          operations = after;
        } catch {
          // The power is gone.
        }
        await store.close();
        disk.powerCut(keep);
        const again = await segmentStore(folder, wallNow, disk)("none");
        const keys = await keysOf(again.store);
        expect(keys).toEqual([...keys].sort((a, b) => a - b));
        const owed = range(removed + 1, promised);
        expect(
          owed.filter((key) => !keys.includes(key)),
          `cut at operation ${after}, keep ${keep}`,
        ).toEqual([]);
        if (promised > 0) expect(Number(await again.store.readNote())).toBeGreaterThanOrEqual(promised - 2);
        await again.store.close();
      }
      if (operations > 0) break;
    }
    expect(operations).toBeGreaterThan(100);
  }, 60_000);

  it("that is only a failed write leaves nothing of it: what is written again is there once", async () => {
    const folder = freshFolder();
    await folderDisk(folder).list();
    const disk = new CutDisk();
    const open = segmentStore(folder, wallNow, disk);
    const { store } = await open("none");
    await store.write({ put: texts(1, 2) }, durable);
    // The write is torn, and the disk fails on: it cannot even be taken back.
    disk.left = 1;
    await expect(store.write({ put: texts(3, 9) }, durable)).rejects.toMatchObject({ code: "io" });
    await expect(store.write({ put: texts(3, 9) }, durable)).rejects.toMatchObject({ code: "io" });
    await store.close();
    disk.left = Number.POSITIVE_INFINITY;
    const again = await open("none");
    expect(await keysOf(again.store)).toEqual([1, 2]);
    expect(again.repaired).toBeUndefined();
    await again.store.write({ put: texts(3, 9) }, durable);
    expect(await keysOf(again.store)).toEqual(range(1, 9));
    await again.store.close();
  });
});
