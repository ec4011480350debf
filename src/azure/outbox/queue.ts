/**
 * The stored part of the outbox, read in portions, so that a month of readings is not held in memory.
 *
 * Guarantees: entries are returned in the order of their writes; a finished one is never returned again by this queue
 * and is removed from the store with the next write; a damaged entry is skipped, counted and logged, never sent. After
 * a rejection (OutboxStoreError) the queue can only be closed.
 */
import type { Log } from "../../base/log.ts";
import { decodeEntry, decodeNote, type Entry, encodeEntry, encodeNote, type Note } from "./entry.ts";
import type { OutboxStore, StoredText } from "./store.ts";

const scanChunk = 512;
/** Number of oldest entries held in memory. */
const windowSize = 256;

export class StoredQueue {
  readonly #store: OutboxStore;
  readonly #log: Log;
  /** The oldest entries, up to the key `#readThrough`. */
  #window: Entry[] = [];
  #readThrough = 0;
  #lastKey = 0;
  /** Keys up to here are done, and the store still has some of them; `undefined` when it has none. */
  #removable: number | undefined;
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

  /** Reads everything once, to count the entries and to check that they are readable. */
  static async load(store: OutboxStore, log: Log): Promise<StoredQueue> {
    const queue = new StoredQueue(store, log, decodeNote(await store.readNote()));
    let from = 0;
    let found = 0;
    for (;;) {
      const texts = await store.read(from, scanChunk);
      for (const { key, text } of texts) {
        queue.#lastKey = key;
        queue.#count(1, text.length);
      }
      // The window must be contiguous: only the first texts, nothing of a later chunk.
      if (found === 0) queue.#addToWindow(texts.slice(0, windowSize));
      found += texts.length;
      const last = texts.at(-1);
      if (!last || texts.length < scanChunk) break;
      from = last.key + 1;
    }
    // A key is never used again, not even that of a removed message or of one lost at the end: the store could not
    // notice the loss of a second message with the same key.
    queue.#lastKey = Math.max(queue.#lastKey, store.lastKey ?? 0);
    // Nothing is left to read: what comes next can be sent without the disk.
    if (found === 0) queue.#readThrough = queue.#lastKey;
    return queue;
  }

  /** Entries that are not done. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Their size, without the store's overhead. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of damaged messages found since the last call. */
  takeDamaged(): number {
    const damaged = this.#damaged;
    this.#damaged = 0;
    return damaged;
  }

  get hasDone(): boolean {
    return this.#removable !== undefined;
  }

  /** The oldest entry not done; "unread" when `fill` must fetch it first. */
  peek(): Entry | "unread" | undefined {
    return this.#window[0] ?? (this.#readThrough < this.#lastKey ? "unread" : undefined);
  }

  /** Fetches the next entries. Concurrent calls are combined. */
  fill(): Promise<void> {
    this.#filling ??= this.#readNext().finally(() => {
      this.#filling = undefined;
    });
    return this.#filling;
  }

  /** Marks the oldest entry as acknowledged or dropped; ignores any other entry. */
  done(entry: Entry): void {
    const [oldest] = this.#window;
    // By id: after a reopening the same entry is another object.
    if (oldest?.key === undefined || oldest.id !== entry.id) return;
    this.#window.shift();
    this.#count(-1, -encodeEntry(oldest).length);
    this.#removable = oldest.key;
  }

  /** Appends entries and removes finished ones in one step, durable if there are entries or a note. */
  async write(entries: readonly Entry[], note?: Note): Promise<void> {
    const before = this.#lastKey;
    const texts = entries.map((entry, n) => ({ key: before + 1 + n, text: encodeEntry(entry) }));
    const through = this.#removable;
    // Always from the first entry: this repeats earlier removals, which a damaged disk may have lost.
    const remove = through === undefined ? undefined : { from: 1, through };
    const change = { put: texts, remove, note: note && encodeNote(note) };
    await this.#store.write(change, { durable: entries.length > 0 || note !== undefined });
    if (this.#removable === through) this.#removable = undefined;
    this.#lastKey = before + entries.length;
    entries.forEach((entry, n) => {
      const key = before + 1 + n;
      entry.key = key;
      // An entry in memory need not be read again, unless unread ones are before it.
      const isNext = this.#readThrough === key - 1 && this.#filling === undefined;
      if (entry.sent === true && isNext && this.#window.length === 0) {
        // Sent during the write, and everything before it is done: remove it. With unsent entries before it, it stays
        // and is sent again in its turn.
        this.#removable = key;
        this.#readThrough = key;
        return;
      }
      this.#count(1, texts[n]?.text.length ?? 0);
      if (!isNext || this.#window.length >= windowSize) return;
      this.#window.push(entry);
      this.#readThrough = key;
    });
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  async #readNext(): Promise<void> {
    const until = this.#lastKey;
    const texts = await this.#store.read(this.#readThrough + 1, windowSize);
    this.#addToWindow(texts);
    // Nothing is left up to the end: the last messages were lost.
    if (texts.length === 0) this.#readThrough = until;
  }

  #addToWindow(texts: readonly StoredText[]): void {
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
    if (damaged > 0) this.#log.warn("outbox-entries-damaged", { damaged, now: "skipped" });
  }

  #count(entries: number, bytes: number): void {
    this.#waiting += entries;
    this.#bytes += bytes;
  }
}
