/**
 * Folder time/: virtual time.
 *
 * A clock on which a day passes in about a second, deterministically.
 *
 * Guarantee: timers fire one by one in the order of their times (equal times in the order in which they were set), and
 * everything that a timer starts, including promise chains, has finished before the next one fires, as on a real clock.
 * Time advances only inside `advance`, `runUntil` and `run`.
 */
import type { Clock } from "../../base/clock.ts";
import type { Millis, WallMillis } from "../../base/units.ts";
import { hours, millis, wallMillis } from "../../base/units.ts";
import { TimerQueue } from "./timer-queue.ts";

export interface VirtualClockOptions {
  /** Initial monotonic time (ms); default 0. */
  readonly start?: Millis;
  /** Wall time at the start; default 2026-01-01T00:00:00Z. */
  readonly wallStart?: WallMillis;
}

const newYear2026 = 1_767_225_600_000;

/** More timers without an advance of time indicate a bug in the code under test. */
const maximumTimersPerInstant = 100_000;

export class VirtualClock implements Clock {
  readonly #timers = new TimerQueue();
  readonly #held = new Set<Promise<void>>();
  #now: number;
  #wallOffset: number;
  #running = false;

  constructor(options: VirtualClockOptions = {}) {
    this.#now = options.start ?? 0;
    this.#wallOffset = (options.wallStart ?? newYear2026) - this.#now;
  }

  now(): Millis {
    return millis(this.#now);
  }

  wallNow(): WallMillis {
    return wallMillis(this.#now + this.#wallOffset);
  }

  setTimer(delay: Millis, fn: () => void): () => void {
    return this.#timers.add(this.#now + Math.max(0, delay), fn);
  }

  sleep(delay: Millis): Promise<void> {
    return new Promise((resolve) => {
      this.setTimer(delay, resolve);
    });
  }

  /** Sets the wall clock, as NTP or a user does. Timers are not affected. */
  jumpWallTo(wall: WallMillis): void {
    this.#wallOffset = wall - this.#now;
  }

  /** Timers set and not yet due. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** When the next timer falls due. */
  get nextTimerAt(): Millis | undefined {
    const next = this.#timers.nextAt;
    return next === undefined ? undefined : millis(next);
  }

  /**
   * Stops time until `work` has settled. For work in real time, such as file access: without this, virtual hours would
   * pass during a disk write.
   */
  holdDuring<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    this.#held.add(settled);
    void settled.then(() => this.#held.delete(settled));
    return work;
  }

  /** Runs everything that can run without an advance of time. */
  async settle(): Promise<void> {
    do {
      await macrotask();
      if (this.#held.size > 0) await Promise.all(this.#held);
    } while (this.#held.size > 0);
  }

  /** Advances by `duration`. Rejects with the error of a timer. */
  async advance(duration: Millis): Promise<void> {
    await this.runUntil(millis(this.#now + Math.max(0, duration)));
  }

  /** Advances up to and including `until`. Rejects with the error of a timer. */
  async runUntil(until: Millis): Promise<void> {
    await this.#exclusively(async () => {
      await this.#fireWhile((next) => next <= until);
      this.#now = Math.max(this.#now, until);
    });
  }

  /**
   * Advances until `work` has settled, and returns its result.
   * @param limit maximum virtual time; default an hour
   * @throws Error when `work` hangs: at the limit, or when no timer is left
   */
  async run<T>(work: Promise<T>, limit: Millis = hours(1)): Promise<T> {
    let settled = false;
    const settlement = work.then(
      () => {
        settled = true;
      },
      () => {
        settled = true;
      },
    );
    const until = this.#now + limit;
    await this.#exclusively(() => this.#fireWhile((next) => !settled && next <= until));
    if (!settled) {
      const why = this.#timers.size === 0 ? "no timer is left" : `${limit} ms have passed`;
      throw new Error(`the work has not settled: ${why}`);
    }
    await settlement;
    return work;
  }

  async #fireWhile(wanted: (next: number) => boolean): Promise<void> {
    let sameInstant = 0;
    for (;;) {
      await this.settle();
      const next = this.#timers.nextAt;
      if (next === undefined || !wanted(next)) return;
      sameInstant = next > this.#now ? 0 : sameInstant + 1;
      if (sameInstant > maximumTimersPerInstant) {
        throw new Error(`${maximumTimersPerInstant} timers fired at ${next} ms: time does not advance`);
      }
      this.#now = Math.max(this.#now, next);
      this.#timers.take()?.();
    }
  }

  async #exclusively(body: () => Promise<void>): Promise<void> {
    if (this.#running) throw new Error("virtual time is advancing already; await that first");
    this.#running = true;
    try {
      await body();
    } finally {
      this.#running = false;
    }
  }
}

/** A turn of the event loop, about 1 µs: microtasks and `process.nextTick` run before it ends. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
