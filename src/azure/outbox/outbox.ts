/**
 * Folder outbox/: telemetry that waits on disk until the hub has acknowledged it.
 *
 * Guarantees:
 * - `append` and `setOnline` return at once and never throw, whatever the disk or the link do.
 * - Order: messages are handed to `send` one at a time, oldest first, each again until it was acknowledged. A message
 *   may arrive twice, with the same id; it never arrives after a newer one, unless the disk could not be read: then
 *   newer ones in memory are sent first.
 * - Durability: while the link is online a message waits 10 s in memory for its acknowledgement; one that is
 *   acknowledged by then is never written. One that is not acknowledged is synced to the disk, and so is one that is
 *   appended without a link: an urgent one at once, at most one sync a second; others at once if nothing was written for
 *   five minutes, otherwise together every five minutes. A kill or a power cut loses at most ten seconds of messages with a link, five
 *   minutes of readings without. Removals are not synced: a power cut then repeats messages, it loses none.
 * - Bounds: above `maxEntries` or `maxBytes` the oldest are dropped, counted and logged. While the disk fails the
 *   newest are kept in memory, up to `memoryEntries`.
 * - Times: messages appended before the clock was set get the correct time (base/wall-history.ts).
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { minutes, seconds, type WallMillis } from "../../base/units.ts";
import { type Boot, WallHistory } from "../../base/wall-history.ts";
import type { OutboxValues } from "../../model/cloud-model.ts";
import { type BufferLimits, OutboxBuffer } from "./buffer.ts";
import { Drain } from "./drain.ts";
import type { Entry } from "./entry.ts";
import { Pace, type PaceLimits } from "./pace.ts";
import type { OpenStore } from "./store.ts";

export interface OutboxMessage {
  /** Unique, and the same over attempts and restarts: receivers detect duplicates by it. */
  readonly messageId: string;
  /** JSON text. */
  readonly body: string;
  /** When it was appended, with the clock corrected; `undefined` when the clock was never set in that boot. */
  readonly createdMs: WallMillis | undefined;
}

export interface OutboxLimits extends BufferLimits, PaceLimits {}

/**
 * 30 days at one reading a minute are 43,200 messages; the rest is for changes and faults. IoT Central accepts 10
 * messages a second from a device; burst and rate together stay below.
 */
export const outboxLimits: OutboxLimits = {
  maxEntries: 50_000,
  maxBytes: 12_000_000,
  memoryEntries: 2_000,
  ackWaitMs: seconds(10),
  batchEveryMs: minutes(5),
  perSecond: 5,
  burst: 4,
};

export interface OutboxOptions {
  readonly openStore: OpenStore;
  /** Sets the stored messages aside, unread. */
  readonly setAside?: boolean | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly boot: Boot;
  /** Random per process: the first half of the message ids. */
  readonly runId: string;
  /** The build time: a clock before it is wrong. */
  readonly clockFloorMs: WallMillis;
  /** "ok": the hub has acknowledged it. */
  readonly send: (message: OutboxMessage) => Promise<"ok" | "failed">;
  readonly limits?: Partial<OutboxLimits> | undefined;
}

export interface OutboxStatus {
  /** Not yet acknowledged. */
  readonly waiting: number;
  /** Total lost to a full outbox or a damaged disk; includes one that was being sent. */
  readonly dropped: number;
  /** Why the disk is unusable, while it is; the part `storage` is then failing. */
  readonly failure: string | undefined;
}

const closeLimit = seconds(3);

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #history: WallHistory;
  readonly #buffer: OutboxBuffer;
  readonly #drain: Drain;
  #appended = 0;
  #closed = false;

  private constructor(options: OutboxOptions) {
    const { openStore, setAside, clock, log, boot, clockFloorMs } = options;
    const limits = { ...outboxLimits, ...options.limits };
    this.#options = options;
    this.#history = new WallHistory(clock, boot, clockFloorMs);
    const history = this.#history;
    const onChange = () => this.#drain.wake();
    this.#buffer = OutboxBuffer.open({ openStore, setAside, clock, log, history, limits, onChange });
    const pace = new Pace(clock, limits);
    this.#drain = new Drain({ clock, pace, source: this.#buffer, send: (entry) => this.#send(entry) });
  }

  /** Returns at once; what the disk holds is read in the background. */
  static open(options: OutboxOptions): Outbox {
    return new Outbox(options);
  }

  /** Resolves when the store is open or has failed: see `status`. */
  get opened(): Promise<void> {
    return this.#buffer.opened;
  }

  get status(): OutboxStatus {
    const { waiting, dropped, failure } = this.#buffer;
    return { waiting, dropped, failure };
  }

  /** @param urgent for a message that a power cut must not lose: a fault, not a reading */
  append(values: OutboxValues, urgent = false): void {
    if (this.#closed) return;
    this.#appended += 1;
    const id = `${this.#options.runId}-${this.#appended}`;
    this.#buffer.add({ id, stamp: this.#history.stamp(), body: JSON.stringify(values), urgent });
    this.#drain.wake();
  }

  /** Counts suppressed messages as dropped. */
  addLost(count: number): void {
    if (!this.#closed) this.#buffer.addLost(count);
  }

  /** Whether the link is online. */
  setOnline(online: boolean): void {
    if (this.#closed) return;
    this.#buffer.setOnline(online);
    this.#drain.setOnline(online);
  }

  /** Writes the rest within 3 s and closes the store. Unsent messages wait for the next start. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.abandon();
    await Promise.race([this.#buffer.finish(), this.#options.clock.sleep(closeLimit)]);
  }

  /** Simulates a power cut: starts no further write or send. For the simulator and tests. */
  abandon(): void {
    this.#drain.setOnline(false);
    this.#buffer.stop();
    this.#closed = true;
  }

  #send({ id, stamp, body }: Entry): Promise<"ok" | "failed"> {
    if (this.#history.checkClock()) this.#buffer.clockChanged();
    return this.#options.send({ messageId: id, body, createdMs: this.#history.timeOf(stamp) });
  }
}
