/**
 * Folder segments/: the outbox on disk: entries as lines with checksums, in files that are deleted as a whole.
 *
 * The outbox's store: an append-only log in a folder, divided into segments. Plain reads and writes replace a native
 * database, which crashed the process on a damaged disk.
 *
 * Guarantees: a resolved `durable` write survives a power cut at any moment; writes only append, so that a message wears
 * the card once; a segment without waiting messages is deleted; a damaged line loses one message, which is counted;
 * an unreadable or unknown file is removed.
 *
 * Power validLengths: a write puts messages before removals, and a power cut leaves the first part of a write. So it may repeat
 * a message, but loses none. An incomplete line is truncated when the store is opened.
 */
import { readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf, messageOf } from "../../../base/errors.ts";
import { type FolderDisk, folderDisk } from "../../../base/files/folder-disk.ts";
import { asideName, keptAsideOf } from "../../../base/files/kept-aside.ts";
import type { WallMillis } from "../../../base/units.ts";
import {
  type OpenedStore,
  type OpenStore,
  type OutboxStore,
  OutboxStoreError,
  type RepairEffort,
  type StoreChange,
  type StoredText,
} from "../store.ts";
import { lockFolder } from "./folder-lock.ts";
import { type Position, type Segment, SegmentIndex } from "./index.ts";
import { KeyRanges } from "./key-ranges.ts";
import { decodeLine, encodeLine, readLines, type SegmentLine } from "./lines.ts";

/** About a thousand messages: small enough to read at once, large enough that files are rarely created. */
const segmentBytes = 1 << 18;
/** More than a full segment and a batch; a larger file is not ours. */
const largestSegment = 16 * segmentBytes;
const segmentName = /^(\d{8})\.seg$/;
/** Files of earlier versions' LevelDB store, which this version cannot read. */
const levelDbName = /^(CURRENT|LOCK|LOG|LOG\.old|MANIFEST-\d+|\d+\.(log|ldb|sst|dbtmp))$/;
/** A folder that was set aside is kept for inspection, up to this size. */
const maxKept = 4 << 20;

/** @param wallNow for the name of a folder that is set aside */
export function segmentStore(
  folder: string,
  wallNow: () => WallMillis,
  disk: FolderDisk = folderDisk(folder),
): OpenStore {
  // Valid bytes of segments in which a failed write could not be truncated.
  const validLengths = new Map<string, number>();
  return async (effort) => {
    try {
      await disk.list();
      const unlock = lockFolder(join(folder, "lock"));
      if (unlock === undefined) throw new OutboxStoreError("locked", `${folder}: another process uses it`);
      try {
        return await openLocked(folder, disk, validLengths, unlock, effort, wallNow);
      } catch (error) {
        unlock();
        throw error;
      }
    } catch (error) {
      throw storeError(error);
    }
  };
}

async function openLocked(
  folder: string,
  disk: FolderDisk,
  validLengths: Map<string, number>,
  unlock: () => void,
  effort: RepairEffort,
  wallNow: () => WallMillis,
): Promise<OpenedStore> {
  const store = new SegmentStore(disk, validLengths, unlock);
  const found = await store.load();
  if (effort !== "set-aside") {
    const by = found.former > 0 ? "former-store-removed" : "repair";
    const lost = found.lost;
    return found.former + found.unreadable + lost > 0 ? { store, repaired: { by, lost } } : { store };
  }
  const note = await store.readNote();
  const keptAs = await setAside(folder, found.bytes, wallNow);
  const fresh = new SegmentStore(disk, validLengths, unlock);
  await fresh.load();
  if (note !== undefined) await fresh.write({ put: [], note }, { durable: true });
  return { store: fresh, repaired: { by: "set-aside", keptAs, lost: found.lost + found.waiting } };
}

/** Keeps only the newest folder, if it is small, to save disk space. The lock stays in position. */
async function setAside(
  folder: string,
  bytes: number,
  wallNow: () => WallMillis,
): Promise<string | undefined> {
  for (const name of keptAsideOf(folder, await readdir(dirname(folder)))) {
    await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
  const aside = asideName(folder, wallNow());
  const lock = join(folder, "lock");
  await rename(folder, aside);
  await folderDisk(folder).list();
  await rename(join(aside, "lock"), lock);
  if (bytes <= maxKept) return aside;
  await rm(aside, { recursive: true, force: true });
  return undefined;
}

interface Found {
  /** Number of messages known to be lost. */
  readonly lost: number;
  readonly waiting: number;
  readonly bytes: number;
  /** Number of removed unreadable files. */
  readonly unreadable: number;
  /** Number of removed LevelDB files. */
  readonly former: number;
}

class SegmentStore implements OutboxStore {
  readonly #disk: FolderDisk;
  readonly #validLengths: Map<string, number>;
  readonly #unlock: () => void;
  readonly #index = new SegmentIndex();
  /** Oldest first; the last one is written to. */
  #segments: Segment[] = [];
  #nextNumber = 1;
  #lastKey = 0;
  readonly #removed = new KeyRanges();
  /** Removal lines for missing messages, written with the next write so that they are counted only once. */
  #missing: SegmentLine[] = [];
  #note: string | undefined;
  /** Names of segments with unsynced changes. */
  readonly #unsynced = new Set<string>();
  #folderUnsynced = false;
  #broken = false;

  constructor(disk: FolderDisk, validLengths: Map<string, number>, unlock: () => void) {
    this.#disk = disk;
    this.#validLengths = validLengths;
    this.#unlock = unlock;
  }

  get lastKey(): number {
    return this.#lastKey;
  }

  async load(): Promise<Found> {
    const files = [...(await this.#disk.list())].sort((a, b) => (a.name < b.name ? -1 : 1));
    let [unreadable, former, bytes, tail] = [0, 0, 0, 0];
    for (const { name, size } of files) {
      if (levelDbName.test(name)) {
        former += 1;
        await this.#disk.remove(name);
      }
      const number = Number(segmentName.exec(name)?.[1] ?? 0);
      if (number === 0) continue;
      this.#nextNumber = number + 1;
      const content = await this.#read(name, size);
      if (content === undefined) {
        unreadable += 1;
        // A folder with this name stays; the next number is free.
        await this.#disk.remove(name).catch(() => undefined);
        continue;
      }
      bytes += content.length;
      tail = await this.#replay(name, content, tail);
    }
    const lost = this.#countMissing(tail);
    return { lost, waiting: this.#index.size, bytes, unreadable, former };
  }

  async read(from: number, limit: number): Promise<readonly StoredText[]> {
    const texts: StoredText[] = [];
    const positions = this.#index.from(from, limit);
    for (let start = 0; start < positions.length; ) {
      const { segment, at } = positions[start] ?? {};
      if (segment === undefined || at === undefined) break;
      let end = start;
      while (isAdjacent(positions[end], positions[end + 1])) end += 1;
      const last = positions[end];
      const length = last === undefined ? 0 : last.at + last.length - at;
      const bytes = await guarded(() => this.#disk.read(segment.name, at, length));
      for (const position of positions.slice(start, end + 1)) {
        const text = bytes.toString("utf8", position.at - at, position.at - at + position.length - 1);
        const line = decodeLine(text);
        // Damaged after loading: the queue skips and counts it.
        texts.push({ key: position.key, text: line?.kind === "put" ? line.text : "" });
      }
      start = end + 1;
    }
    return texts;
  }

  async readNote(): Promise<string | undefined> {
    return this.#note;
  }

  async write(change: StoreChange, { durable }: { readonly durable: boolean }): Promise<void> {
    await guarded(async () => {
      if (this.#broken) throw new OutboxStoreError("io", "a write before this one failed");
      const segment = await this.#segmentFor();
      const { put, remove, note } = change;
      const head: SegmentLine[] = segment.size > 0 ? [] : this.#headLines();
      const puts = put.map(({ key, text }) => ({ kind: "put", key, text }) as const);
      const lines: SegmentLine[] = [...head, ...this.#missing, ...puts];
      if (note !== undefined) lines.push({ kind: "note", text: note });
      if (remove) lines.push({ kind: "remove", ...remove });
      const encoded = lines.map((line) => Buffer.from(encodeLine(line)));
      await this.#append(segment, Buffer.concat(encoded), durable);
      let at = segment.size;
      for (const [n, line] of lines.entries()) {
        const length = encoded[n]?.length ?? 0;
        this.#apply(line, segment, at, length);
        at += length;
      }
      segment.size = at;
      this.#missing = [];
      // On failure a later write removes them.
      await this.#removeEmpty().catch(() => undefined);
    });
  }

  async close(): Promise<void> {
    this.#broken = true;
    this.#unlock();
  }

  /** Keys count up by one: a missing key that was not removed means a lost message. */
  #countMissing(damagedAtTheEnd: number): number {
    this.#lastKey += damagedAtTheEnd;
    const missing = this.#removed.missing(this.#index.keys(), this.#lastKey);
    this.#missing = missing.map((range) => ({ kind: "remove", ...range }));
    return missing.reduce((sum, { from, through }) => sum + through - from + 1, 0);
  }

  /** @returns `undefined` for an unreadable file: a folder, a huge file, a bad sector */
  async #read(name: string, size: number | undefined): Promise<Buffer | undefined> {
    if (size === undefined || size > largestSegment) return undefined;
    try {
      return await this.#disk.read(name, 0, Math.min(size, this.#validLengths.get(name) ?? size));
    } catch (error) {
      if (["EIO", "EUCLEAN", "EBADMSG"].includes(errnoOf(error) ?? "")) return undefined;
      throw error;
    }
  }

  /** @returns the number of damaged messages at the end of all content so far */
  async #replay(name: string, content: Buffer, tailBefore: number): Promise<number> {
    const segment: Segment = { name, size: content.length, live: 0 };
    this.#segments.push(segment);
    let tail = tailBefore;
    for (const { line, at, length, mayBePut } of readLines(content)) {
      if (line === undefined) tail += mayBePut ? 1 : 0;
      else {
        // Losses before a message are detected by its key.
        if (line.kind === "put") tail = 0;
        this.#apply(line, segment, at, length);
      }
    }
    // Truncate an incomplete line, so that the next one starts on a new line.
    const whole = content.lastIndexOf(0x0a) + 1;
    const isWhole = whole === content.length && !this.#validLengths.has(name);
    if (!isWhole) {
      segment.size = whole;
      await this.#disk.truncate(name, whole);
      this.#validLengths.delete(name);
      this.#unsynced.add(name);
    }
    return tail;
  }

  #apply(line: SegmentLine, segment: Segment, at: number, length: number): void {
    switch (line.kind) {
      case "put":
        this.#lastKey = Math.max(this.#lastKey, line.key);
        this.#index.put({ key: line.key, segment, at, length });
        return;
      case "remove":
        this.#lastKey = Math.max(this.#lastKey, line.through);
        this.#removed.add(line);
        this.#index.remove(line.from, line.through);
        return;
      case "head":
        this.#removed.add({ from: 1, through: line.through });
        this.#lastKey = Math.max(this.#lastKey, line.through);
        return;
      case "note":
        this.#note = line.text;
    }
  }

  async #segmentFor(): Promise<Segment> {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.size < segmentBytes) return last;
    const name = `${String(this.#nextNumber).padStart(8, "0")}.seg`;
    this.#nextNumber += 1;
    const segment: Segment = { name, size: 0, live: 0 };
    this.#segments.push(segment);
    this.#folderUnsynced = true;
    return segment;
  }

  /** Repeats the state of earlier segments, so that they can be deleted. */
  #headLines(): SegmentLine[] {
    const head: SegmentLine = { kind: "head", through: this.#removed.prefix };
    return this.#note === undefined ? [head] : [head, { kind: "note", text: this.#note }];
  }

  async #append(segment: Segment, bytes: Buffer, durable: boolean): Promise<void> {
    const { name, size } = segment;
    this.#unsynced.add(name);
    try {
      await this.#disk.write(name, size, bytes);
      if (durable) await this.#syncAll();
    } catch (error) {
      this.#broken = true;
      // Otherwise a repeated write would duplicate the messages.
      this.#validLengths.set(name, size);
      await this.#disk.truncate(name, size).then(
        () => this.#validLengths.delete(name),
        () => undefined,
      );
      throw error;
    }
  }

  async #syncAll(): Promise<void> {
    for (const name of this.#unsynced) await this.#disk.sync(name);
    if (this.#folderUnsynced) await this.#disk.syncFolder();
    this.#unsynced.clear();
    this.#folderUnsynced = false;
  }

  /** Oldest first: a removal line must not be deleted before its message. */
  async #removeEmpty(): Promise<void> {
    const isOldestEmpty = () => this.#segments.length > 1 && this.#segments[0]?.live === 0;
    if (!isOldestEmpty()) return;
    await this.#syncAll();
    while (isOldestEmpty()) {
      const [oldest] = this.#segments;
      if (oldest === undefined) return;
      await this.#disk.remove(oldest.name);
      this.#segments.shift();
    }
  }
}

/** Whether one read can fetch both. */
const isAdjacent = (first: Position | undefined, second: Position | undefined): boolean =>
  first !== undefined && second?.segment === first.segment && second.at > first.at;

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeError(error);
  }
}

const words: Readonly<Record<string, string>> = {
  ENOSPC: "No space left on device",
  EDQUOT: "Disk quota exceeded",
  EROFS: "The file system is read-only",
  EIO: "Input/output error",
  EACCES: "Permission denied",
};

function storeError(error: unknown): OutboxStoreError {
  if (error instanceof OutboxStoreError) return error;
  return new OutboxStoreError("io", words[errnoOf(error) ?? ""] ?? messageOf(error), { cause: error });
}
