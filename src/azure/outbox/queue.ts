/**
 * The part of the outbox that lies in the store: counted, and read a little at a time, so that a month of readings
 * does not sit in memory.
 *
 * Guarantees: entries come out in the order in which they were written; one that is done is never shown again by this
 * queue, and goes from the store with the next write; an entry that the disk damaged is passed over, counted and
 * logged, never sent. A rejection (OutboxStoreError) leaves the queue fit only to be closed.
 */
import type { Log } from "../../base/log.ts";
import { decodeEntry, decodeNote, type Entry, encodeEntry, encodeNote, type Note } from "./entry.ts";
import type { OutboxStore, StoredText } from "./store.ts";

const scanChunk = 512;
/** Entries of the head that are held in memory. */
const windowSize = 256;

export class StoredQueue {
  readonly #store: OutboxStore;
  readonly #log: Log;
  /** The oldest entries, those up to `#readThrough`. */
  #window: Entry[] = [];
  #readThrough = 0;
  #lastKey = 0;
  #doneThrough = 0;
  /** Keys up to here are gone from the store. */
  #removedThrough = 0;
  #filling: Promise<void> | undefined;
  #waiting = 0;
  #bytes = 0;
  #damaged = 0;
  readonly note: Note;

  private constructor(store: OutboxStore, log: Log, note: Note) {
    this.#store = store;
    this.#log = log;
    this.note = note;
  }

  /** Reads everything once, to know how much there is and that it can be read. */
  static async load(store: OutboxStore, log: Log): Promise<StoredQueue> {
    const queue = new StoredQueue(store, log, decodeNote(await store.readNote()));
    let from = 0;
    let found = 0;
    for (;;) {
      const texts = await store.read(from, scanChunk);
      const [first] = texts;
      if (found === 0 && first) queue.#startAt(first.key);
      for (const { key, text } of texts) {
        queue.#lastKey = key;
        queue.#count(1, text.length);
      }
      // The window is one stretch without a hole: the first texts of all, and nothing of a later chunk.
      if (found === 0) queue.#takeIn(texts.slice(0, windowSize));
      found += texts.length;
      const last = texts.at(-1);
      if (!last || texts.length < scanChunk) break;
      from = last.key + 1;
    }
    const used = store.lastKey ?? 0;
    if (found === 0) queue.#startAt(used + 1);
    // The keys of messages that were lost at the end are not given again.
    else queue.#lastKey = Math.max(queue.#lastKey, used);
    return queue;
  }

  /** Entries that are not done. */
  get waiting(): number {
    return this.#waiting;
  }

  /** What they take up, without the store's own bookkeeping. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Messages that proved to be damaged since this was asked last. */
  takeDamaged(): number {
    const damaged = this.#damaged;
    this.#damaged = 0;
    return damaged;
  }

  get hasDone(): boolean {
    return this.#doneThrough > this.#removedThrough;
  }

  /** The oldest entry that is not done; "unread" when `fill` has to fetch it first. */
  peek(): Entry | "unread" | undefined {
    return this.#window[0] ?? (this.#readThrough < this.#lastKey ? "unread" : undefined);
  }

  /** Fetches the next entries. Several calls at once become one. */
  fill(): Promise<void> {
    this.#filling ??= this.#readOn().finally(() => {
      this.#filling = undefined;
    });
    return this.#filling;
  }

  /** Of the oldest entry: it was acknowledged, or it is given up. Anything else is not in the queue any more. */
  done(entry: Entry): void {
    const [oldest] = this.#window;
    // By id: after the store was reopened the same entry is another object.
    if (oldest?.key === undefined || oldest.id !== entry.id) return;
    this.#window.shift();
    this.#count(-1, -encodeEntry(oldest).length);
    this.#doneThrough = oldest.key;
  }

  /** Adds entries behind the others and takes those out that are done: in one step, durable if there are entries. */
  async write(entries: readonly Entry[], note?: Note): Promise<void> {
    const before = this.#lastKey;
    const texts = entries.map((entry, n) => ({ key: before + 1 + n, text: encodeEntry(entry) }));
    const remove = this.hasDone ? { from: this.#removedThrough + 1, through: this.#doneThrough } : undefined;
    const change = { put: texts, remove, note: note && encodeNote(note) };
    await this.#store.write(change, { durable: entries.length > 0 || note !== undefined });
    if (remove) this.#removedThrough = remove.through;
    this.#lastKey = before + entries.length;
    // What is in memory already need not be read again, unless there is something unread before it.
    const contiguous = this.#readThrough === before && this.#filling === undefined;
    entries.forEach((entry, n) => {
      const key = before + 1 + n;
      entry.key = key;
      if (entry.sent === true && contiguous && this.#window.length === 0) {
        // Sent during the write, and everything before it is done: it goes without ever having waited. With others
        // before it, which the disk gave back only after it had left, it waits its turn and is sent again.
        this.#doneThrough = key;
        this.#readThrough = key;
        return;
      }
      this.#count(1, texts[n]?.text.length ?? 0);
      if (!contiguous || this.#window.length >= windowSize || this.#readThrough !== key - 1) return;
      this.#window.push(entry);
      this.#readThrough = key;
    });
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  #startAt(key: number): void {
    this.#lastKey = key - 1;
    this.#readThrough = key - 1;
    this.#doneThrough = key - 1;
    this.#removedThrough = key - 1;
  }

  async #readOn(): Promise<void> {
    const until = this.#lastKey;
    const texts = await this.#store.read(this.#readThrough + 1, windowSize);
    this.#takeIn(texts);
    // A hole up to the end: there is nothing to be read.
    if (texts.length === 0) this.#readThrough = Math.max(this.#readThrough, until);
  }

  #takeIn(texts: readonly StoredText[]): void {
    let damaged = 0;
    for (const { key, text } of texts) {
      this.#readThrough = key;
      const entry = decodeEntry(key, text);
      if (entry) {
        this.#window.push(entry);
        continue;
      }
      damaged += 1;
      this.#count(-1, -text.length);
    }
    this.#damaged += damaged;
    if (damaged > 0) this.#log.warn("outbox-entries-damaged", { damaged, now: "passed over" });
  }

  #count(entries: number, bytes: number): void {
    this.#waiting += entries;
    this.#bytes += bytes;
  }
}
