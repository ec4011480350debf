/**
 * Keeps entries until they are acknowledged: first in memory, shortly after in the store.
 *
 * Guarantees: nothing here throws or blocks the caller; one write is under way at a time, at most one sync a second;
 * an entry that is acknowledged within `ackWaitMs` while the link is online is never written; entries that are not
 * urgent are written together, once in `batchEveryMs`: each sync wears some ten blocks of a card, however small the
 * message is; a store that fails is reopened every 10 s, repaired with growing effort if it is damaged, and
 * meanwhile the newest entries wait in memory; entries beyond a limit are dropped, oldest first, counted and logged.
 */
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { millis, seconds } from "../../base/units.ts";
import type { WallHistory } from "../../base/wall-history.ts";
import type { DrainSource } from "./drain.ts";
import type { Entry, Note } from "./entry.ts";
import { StoredQueue } from "./queue.ts";
import { type OpenStore, OutboxStoreError, type RepairEffort } from "./store.ts";
import { StoreFailures } from "./store-failures.ts";

export interface BufferLimits {
  readonly maxEntries: number;
  /** Of the stored entries, without the store's overhead. */
  readonly maxBytes: number;
  /** In memory, while the disk fails. */
  readonly memoryEntries: number;
  /**
   * While the link is online, a message waits in memory for its acknowledgement for this time, before it is
   * written.
   */
  readonly ackWaitMs: number;
  /** Messages that are not urgent are written no more often than this. */
  readonly batchEveryMs: number;
}

export interface BufferOptions {
  readonly openStore: OpenStore;
  readonly setAside?: boolean | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly history: WallHistory;
  readonly limits: BufferLimits;
  /** There may be something new to send. */
  readonly onChange: () => void;
}

const syncEvery = seconds(1);
/** With so many entries in memory a write is not delayed. */
const maxDelayed = 100;
/** A write of removals alone is delayed by this time, so that new entries can share it. */
const removeEvery = seconds(5);
const reopenAfter = seconds(10);
/** A disk without an answer for so long is reported. */
const hangTimeout = seconds(10);
const batchSize = 500;
/** Share of a full outbox that is dropped at once. */
const dropShare = 1 / 500;

export class OutboxBuffer implements DrainSource {
  readonly #options: BufferOptions;
  #queue: StoredQueue | undefined;
  /** Opening the queue; until it is open, nothing newer is sent. */
  #opening: Promise<void> | undefined;
  readonly opened: Promise<void>;
  #effort: RepairEffort = "none";
  readonly #failures: StoreFailures;
  /** Not in the store yet, oldest first; the first `#inBatch` of them are being written. */
  #unwritten: Entry[] = [];
  #inBatch = 0;
  #dropped = 0;
  /** The note of earlier processes has been read. */
  #noteRestored = false;
  #noteChanged = false;
  /** Only stored messages need it: without them it is no reason to write. */
  #clockNoteChanged = false;
  #writing: Promise<void> | undefined;
  #syncedAt = Number.NEGATIVE_INFINITY;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;
  #online = false;
  #closed = false;

  private constructor(options: BufferOptions) {
    this.#options = options;
    this.#failures = new StoreFailures(options.log);
    if (options.setAside === true) this.#effort = "set-aside";
    this.opened = this.#watched(this.#openQueue());
    this.#opening = this.opened;
  }

  /** Returns at once; what the disk holds is read in the background. */
  static open(options: BufferOptions): OutboxBuffer {
    return new OutboxBuffer(options);
  }

  get waiting(): number {
    return (this.#queue?.waiting ?? 0) + this.#unwritten.length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get failure(): string | undefined {
    return this.#failures.cause;
  }

  /** Whether the link is online, so that acknowledgements can arrive. */
  setOnline(online: boolean): void {
    this.#online = online;
    this.#writeSoon();
  }

  add(entry: Entry): void {
    entry.addedAt = this.#options.clock.now();
    this.#unwritten.push(entry);
    const excess = this.#unwritten.length - this.#inBatch - this.#options.limits.memoryEntries;
    if (excess > 0) this.#countDropped(this.#unwritten.splice(this.#inBatch, excess).length);
    this.#writeSoon();
  }

  /** One call for memory and store: an entry could move from one to the other between two calls. */
  head(): Entry | "unread" | undefined {
    if (this.#opening) return "unread";
    return this.#queue?.peek() ?? this.#unwritten[0];
  }

  async fetch(): Promise<void> {
    const queue = this.#queue;
    if (this.#opening || !queue) return await this.#opening;
    await queue.fill().catch((error: unknown) => this.#fail(queue, error));
    this.#countLost(queue.takeDamaged());
    this.#writeSoon();
  }

  acknowledged(entry: Entry): void {
    entry.sent = true;
    if (entry.key !== undefined) this.#queue?.done(entry);
    else if (this.#unwritten[0] === entry) {
      this.#unwritten.shift();
      this.#inBatch = Math.max(0, this.#inBatch - 1);
    }
    this.#writeSoon();
  }

  /** Messages that were never appended; the caller logs them. */
  addLost(count: number): void {
    this.#countLost(count);
    this.#writeSoon();
  }

  /** Call this when the clock was set: the messages on the disk need its new offset. */
  clockChanged(): void {
    this.#clockNoteChanged = true;
    this.#writeSoon();
  }

  /** Starts no further write. */
  stop(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** After `stop`: writes the rest and closes the store. Never settles while the disk hangs. */
  async finish(): Promise<void> {
    await this.#opening;
    await this.#writing;
    // The disk may work again: last attempt to save the entries in memory.
    if (!this.#queue && this.#unwritten.length > 0) await this.#openQueue();
    while (this.#queue && this.#hasWork(this.#queue)) await this.#writeBatch(this.#queue);
    await this.#queue?.close();
    const lost = this.#unwritten.length;
    if (lost > 0) this.#options.log.warn("outbox-lost", { messages: lost, cause: this.#failures.cause });
  }

  // --- opening ---

  async #openQueue(): Promise<void> {
    const { openStore, log, onChange } = this.#options;
    try {
      const { store, repaired } = await openStore(this.#effort);
      if (repaired)
        log.warn("outbox-repaired", { by: repaired.by, keptAs: repaired.keptAs, lost: repaired.lost });
      const queue = await StoredQueue.load(store, log).catch(async (error: unknown) => {
        await store.close();
        throw error;
      });
      this.#useQueue(queue);
      this.#countLost((repaired?.lost ?? 0) + queue.takeDamaged());
    } catch (error) {
      this.#fail(undefined, error);
    }
    this.#opening = undefined;
    this.#writeSoon();
    onChange();
  }

  #useQueue(queue: StoredQueue): void {
    const { log, history } = this.#options;
    this.#queue = queue;
    this.#effort = "none";
    // Forces a write: it proves that the store works again, and repeats the note of the write that failed.
    if (this.#failures.cause !== undefined) this.#noteChanged = true;
    if (this.#noteRestored) return;
    this.#noteRestored = true;
    this.#dropped += queue.note.dropped;
    history.restore(queue.note.offsets);
    log.info("outbox-opened", { waiting: queue.waiting, bytes: queue.bytes, dropped: this.#dropped });
  }

  /** A store rejects every write after a failed one, so it must be reopened. */
  #fail(queue: StoredQueue | undefined, error: unknown): void {
    if (queue !== this.#queue) return;
    const { code, message } =
      error instanceof OutboxStoreError ? error : new OutboxStoreError("io", messageOf(error));
    if (code === "corrupt") this.#effort = this.#effort === "none" ? "repair" : "set-aside";
    this.#failures.failed(code, message);
    this.#queue = undefined;
    if (!queue) return;
    this.#opening = queue.close().then(() => {
      this.#opening = undefined;
      this.#writeSoon();
      this.#options.onChange();
    });
  }

  // --- writing ---

  #hasWork(queue: StoredQueue): boolean {
    return this.#unwritten.length > 0 || this.#noteChanged || queue.hasDone;
  }

  /** When the next write, or the next opening, is due; `undefined` when there is nothing to do. */
  #dueAt(): number | undefined {
    const now = this.#options.clock.now();
    if (!this.#queue) return now + reopenAfter;
    return this.#putDueAt(this.#queue, now) ?? (this.#queue.hasDone ? now + removeEvery : undefined);
  }

  /** When new entries or the note are to be written. */
  #putDueAt(queue: StoredQueue, now: number): number | undefined {
    const soonest = Math.max(now, this.#syncedAt + syncEvery);
    if (this.#noteChanged || (this.#clockNoteChanged && queue.waiting > 0)) return soonest;
    const [oldest] = this.#unwritten;
    if (oldest === undefined) return undefined;
    if (this.#unwritten.length >= maxDelayed) return soonest;
    const { ackWaitMs, batchEveryMs } = this.#options.limits;
    // Its acknowledgement may arrive until then.
    const waitsUntil = ({ addedAt = now }: Entry): number => (this.#online ? addedAt + ackWaitMs : now);
    const batch = Math.max(soonest, waitsUntil(oldest), this.#syncedAt + batchEveryMs);
    const urgent = this.#unwritten.find((entry) => entry.urgent === true);
    return urgent === undefined ? batch : Math.min(batch, Math.max(soonest, waitsUntil(urgent)));
  }

  /** Sets the timer for the next write. An earlier timer is kept, and checks again when it fires. */
  #writeSoon(): void {
    if (this.#closed || this.#writing !== undefined || this.#opening !== undefined) return;
    const at = this.#dueAt();
    if (at !== undefined && this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (at === undefined) return;
    const { clock, onChange } = this.#options;
    const cancel = clock.setTimer(millis(at - clock.now()), () => {
      this.#timer = undefined;
      const due = this.#queue && this.#putDueAt(this.#queue, clock.now());
      // Meanwhile the link went online, or the urgent entry was acknowledged.
      if (due !== undefined && due > clock.now()) return this.#writeSoon();
      this.#writing = this.#watched(this.#write()).finally(() => {
        this.#writing = undefined;
        this.#writeSoon();
        onChange();
      });
    });
    this.#timer = { at, cancel };
  }

  async #write(): Promise<void> {
    if (this.#queue) {
      await this.#trim(this.#queue);
      if (this.#queue) await this.#writeBatch(this.#queue);
      return;
    }
    this.#opening = this.#openQueue();
    await this.#opening;
  }

  async #writeBatch(queue: StoredQueue): Promise<void> {
    if (this.#options.history.checkClock()) this.#clockNoteChanged = true;
    const batch = this.#unwritten.slice(0, batchSize);
    const offsets = this.#options.history.offsets;
    const writesNote = this.#noteChanged || this.#clockNoteChanged;
    const note: Note | undefined = writesNote ? { dropped: this.#dropped, offsets } : undefined;
    this.#noteChanged = false;
    this.#clockNoteChanged = false;
    this.#inBatch = batch.length;
    if (batch.length > 0 || note) this.#syncedAt = this.#options.clock.now();
    try {
      await queue.write(batch, note);
      this.#unwritten = this.#unwritten.filter(({ key }) => key === undefined);
      this.#failures.written(this.waiting);
    } catch (error) {
      this.#fail(queue, error);
    } finally {
      this.#inBatch = 0;
    }
  }

  /** Before a write, so that removals and additions share it. */
  async #trim(queue: StoredQueue): Promise<void> {
    const { maxEntries, maxBytes } = this.#options.limits;
    const added = Math.min(batchSize, this.#unwritten.length);
    const isFull = (entries: number, bytes: number): boolean =>
      queue.waiting + added > entries || queue.bytes > bytes;
    if (!isFull(maxEntries, maxBytes)) return;
    let dropped = 0;
    try {
      // Several at once: each drop updates the note, and each note wears the card.
      while (isFull(maxEntries - Math.floor(maxEntries * dropShare), maxBytes * (1 - dropShare))) {
        const oldest = queue.peek();
        if (oldest === undefined) break;
        if (oldest === "unread") await queue.fill();
        else {
          queue.done(oldest);
          dropped += 1;
        }
      }
    } catch (error) {
      this.#fail(queue, error);
    }
    this.#countDropped(dropped);
  }

  /** Logged by the caller. */
  #countLost(count: number): void {
    if (count === 0) return;
    this.#dropped += count;
    this.#noteChanged = true;
  }

  #countDropped(count: number): void {
    if (count === 0) return;
    this.#countLost(count);
    this.#options.log.warn("outbox-full", { dropped: count, total: this.#dropped, which: "the oldest" });
  }

  /** Waits for `work`, and reports when it takes very long. */
  async #watched(work: Promise<void>): Promise<void> {
    const cancel = this.#options.clock.setTimer(hangTimeout, () => this.#failures.hangs());
    await work;
    cancel();
    this.#failures.answered();
  }
}
