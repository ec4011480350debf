/**
 * Folder segments/: the outbox on disk: entries as checked lines in files that are dropped whole.
 *
 * The outbox's store: a log in a folder of its own, cut into segments. A queue needs no more, and plain reads and writes
 * cannot end the process as native code did that trusted the disk.
 *
 * Guarantees: what was on the disk when a `durable` write resolved outlives a power cut at any moment; a write only
 * appends, so that a message wears the card once; a segment goes when nothing in it waits any more; a damaged line costs
 * the message in it, and the loss is counted; a file that cannot be read, or is none of ours, is removed, never waited for.
 *
 * Power cuts: messages come before what is removed in the same write, and what a cut leaves of a write is its beginning. So a
 * cut may repeat a message, it loses none. A line that was cut off is taken off again when the store is opened.
 */
import { readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf, messageOf } from "../../../base/errors.ts";
import { asideName, keptAsideOf } from "../../../base/files/kept-aside.ts";
import type { WallMillis } from "../../../base/units.ts";
import {
  type MendEffort,
  type OpenedStore,
  type OpenStore,
  type OutboxStore,
  OutboxStoreError,
  type StoreChange,
  type StoredText,
} from "../store.ts";
import { type SegmentDisk, segmentDisk } from "./disk.ts";
import { lockFolder } from "./folder-lock.ts";
import { type Place, type Segment, SegmentIndex } from "./index.ts";
import { KeyRanges } from "./key-ranges.ts";
import { decodeLine, encodeLine, readLines, type SegmentLine } from "./lines.ts";

/** Some thousand messages: short enough to be read in one go, long enough that files seldom come and go. */
const segmentBytes = 1 << 18;
/** One batch more than a full segment may hold; what is larger was not written by us. */
const largestSegment = 16 * segmentBytes;
const segmentName = /^(\d{8})\.seg$/;
/** Of the store of earlier versions, LevelDB: nobody can read it any more. */
const formerName = /^(CURRENT|LOCK|LOG|LOG\.old|MANIFEST-\d+|\d+\.(log|ldb|sst|dbtmp))$/;
/** A folder that was set aside is kept for a person to look at, unless it is this large. */
const maxKept = 4 << 20;

/** @param wallNow names a folder that is set aside */
export function segmentStore(
  folder: string,
  wallNow: () => WallMillis,
  disk: SegmentDisk = segmentDisk(folder),
): OpenStore {
  // Where a write failed and could not be taken back, the bytes of the segment that count.
  const cuts = new Map<string, number>();
  return async (effort) => {
    try {
      await disk.list();
      const unlock = lockFolder(join(folder, "lock"));
      if (unlock === undefined) throw new OutboxStoreError("locked", `${folder}: another process has it`);
      try {
        return await openLocked(folder, disk, cuts, unlock, effort, wallNow);
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
  disk: SegmentDisk,
  cuts: Map<string, number>,
  unlock: () => void,
  effort: MendEffort,
  wallNow: () => WallMillis,
): Promise<OpenedStore> {
  const store = new SegmentStore(disk, cuts, unlock);
  const found = await store.load();
  if (effort !== "set-aside") {
    const by = found.former > 0 ? "former-store-removed" : "repair";
    const lost = found.lost;
    return found.former + found.unreadable + lost > 0 ? { store, repaired: { by, lost } } : { store };
  }
  const note = await store.readNote();
  const keptAs = await setAside(folder, found.bytes, wallNow);
  const fresh = new SegmentStore(disk, cuts, unlock);
  await fresh.load();
  if (note !== undefined) await fresh.write({ put: [], note }, { durable: true });
  return { store: fresh, repaired: { by: "set-aside", keptAs, lost: found.lost + found.waiting } };
}

/** One is kept, the newest, and a small one only: they must not fill the disk. The lock stays where it is. */
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
  await segmentDisk(folder).list();
  await rename(join(aside, "lock"), lock);
  if (bytes <= maxKept) return aside;
  await rm(aside, { recursive: true, force: true });
  return undefined;
}

interface Found {
  /** Messages of which it is known that they are lost. */
  readonly lost: number;
  readonly waiting: number;
  readonly bytes: number;
  /** Files removed because nobody can read them. */
  readonly unreadable: number;
  /** Files of LevelDB, removed. */
  readonly former: number;
}

class SegmentStore implements OutboxStore {
  readonly #disk: SegmentDisk;
  readonly #cuts: Map<string, number>;
  readonly #unlock: () => void;
  readonly #index = new SegmentIndex();
  /** Oldest first; the last one is written to. */
  #segments: Segment[] = [];
  #nextNumber = 1;
  #lastKey = 0;
  readonly #removed = new KeyRanges();
  /** To be said with the next write, so that what is lost is counted once: messages that are missing are no more there. */
  #missing: SegmentLine[] = [];
  #note: string | undefined;
  /** Names of segments with something that no sync has covered yet. */
  readonly #unsynced = new Set<string>();
  #folderUnsynced = false;
  #broken = false;

  constructor(disk: SegmentDisk, cuts: Map<string, number>, unlock: () => void) {
    this.#disk = disk;
    this.#cuts = cuts;
    this.#unlock = unlock;
  }

  get lastKey(): number {
    return this.#lastKey;
  }

  async load(): Promise<Found> {
    const files = [...(await this.#disk.list())].sort((a, b) => (a.name < b.name ? -1 : 1));
    let [unreadable, former, bytes, tail] = [0, 0, 0, 0];
    for (const { name, size } of files) {
      if (formerName.test(name)) {
        former += 1;
        await this.#disk.remove(name);
      }
      const number = Number(segmentName.exec(name)?.[1] ?? 0);
      if (number === 0) continue;
      this.#nextNumber = number + 1;
      const content = await this.#read(name, size);
      if (content === undefined) {
        unreadable += 1;
        // A folder in its place stays: it is not ours, and the next number is free.
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
    const places = this.#index.from(from, limit);
    for (let start = 0; start < places.length; ) {
      const { segment, at } = places[start] ?? {};
      if (segment === undefined || at === undefined) break;
      let end = start;
      while (isBehind(places[end], places[end + 1])) end += 1;
      const last = places[end];
      const length = last === undefined ? 0 : last.at + last.length - at;
      const bytes = await guarded(() => this.#disk.read(segment.name, at, length));
      for (const place of places.slice(start, end + 1)) {
        const text = bytes.toString("utf8", place.at - at, place.at - at + place.length - 1);
        const line = decodeLine(text);
        // Damaged since it was loaded: the queue passes over what it cannot decode, and counts it.
        texts.push({ key: place.key, text: line?.kind === "put" ? line.text : "" });
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
      // What stays costs room, and goes with a later write.
      await this.#removeEmpty().catch(() => undefined);
    });
  }

  async close(): Promise<void> {
    this.#broken = true;
    this.#unlock();
  }

  /** Keys count up by one: those that nobody removed and that are not there were lost. */
  #countMissing(damagedAtTheEnd: number): number {
    this.#lastKey += damagedAtTheEnd;
    const missing = this.#removed.missing(this.#index.keys(), this.#lastKey);
    this.#missing = missing.map((range) => ({ kind: "remove", ...range }));
    return missing.reduce((sum, { from, through }) => sum + through - from + 1, 0);
  }

  /** A file that cannot be read: a folder, a huge one, one on a bad part of the card. */
  async #read(name: string, size: number | undefined): Promise<Buffer | undefined> {
    if (size === undefined || size > largestSegment) return undefined;
    try {
      return await this.#disk.read(name, 0, Math.min(size, this.#cuts.get(name) ?? size));
    } catch (error) {
      if (["EIO", "EUCLEAN", "EBADMSG"].includes(errnoOf(error) ?? "")) return undefined;
      throw error;
    }
  }

  /** @returns how many messages at the end of what was read so far are damaged */
  async #replay(name: string, content: Buffer, tailBefore: number): Promise<number> {
    const segment: Segment = { name, size: content.length, live: 0 };
    this.#segments.push(segment);
    let tail = tailBefore;
    for (const { line, at, length, mayBePut } of readLines(content)) {
      if (line === undefined) tail += mayBePut ? 1 : 0;
      else {
        // A hole between two messages shows by their keys.
        if (line.kind === "put") tail = 0;
        this.#apply(line, segment, at, length);
      }
    }
    // Off with what has no line break: the next line is not to begin in its middle.
    const whole = content.lastIndexOf(0x0a) + 1;
    const isWhole = whole === content.length && !this.#cuts.has(name);
    if (!isWhole) {
      segment.size = whole;
      await this.#disk.truncate(name, whole);
      this.#cuts.delete(name);
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

  /** So that the segments before it can go. */
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
      // Else the messages would be there twice when they are written again.
      this.#cuts.set(name, size);
      await this.#disk.truncate(name, size).then(
        () => this.#cuts.delete(name),
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

  /** From the oldest on, so that what removed a message never goes before the message. */
  async #removeEmpty(): Promise<void> {
    const isOver = () => this.#segments.length > 1 && this.#segments[0]?.live === 0;
    if (!isOver()) return;
    await this.#syncAll();
    while (isOver()) {
      const [oldest] = this.#segments;
      if (oldest === undefined) return;
      await this.#disk.remove(oldest.name);
      this.#segments.shift();
    }
  }
}

/** One read fetches both. */
const isBehind = (first: Place | undefined, second: Place | undefined): boolean =>
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
  EDQUOT: "The user's share of the disk is used up",
  EROFS: "The file system is read-only",
  EIO: "Input/output error",
  EACCES: "Permission denied",
};

function storeError(error: unknown): OutboxStoreError {
  if (error instanceof OutboxStoreError) return error;
  return new OutboxStoreError("io", words[errnoOf(error) ?? ""] ?? messageOf(error), { cause: error });
}
