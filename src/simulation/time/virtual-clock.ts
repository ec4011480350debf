/**
 * Folder time/: virtual time.
 *
 * Virtual time: a day passes in about a second, in the same order on every machine.
 *
 * Guarantee: timers fire one by one in the order of their instants (those of the same instant in the order in
 * which they were set), and everything that a timer sets off, promise chains included, has come to rest before
 * the next one fires: just what code that awaits `sleep` sees on a real clock. Time moves only inside
 * `advance`, `runUntil` and `run`.
 */
import type { Clock } from "../../base/clock.ts";
import type { Millis, WallMillis } from "../../base/units.ts";
import { hours, millis, wallMillis } from "../../base/units.ts";
import { TimerQueue } from "./timer-queue.ts";

export interface VirtualClockOptions {
  /** Where monotonic time begins (ms). 0 when not given. */
  readonly start?: Millis;
  /** Wall time at that instant. 2026-01-01T00:00:00Z when not given. */
  readonly wallStart?: WallMillis;
}

const newYear2026 = 1_767_225_600_000;

/** A chain of timers that never lets time pass is a bug in the code under test; a day of reads is 10^5. */
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

  /** Wall time jumps, as when a network clock arrives or somebody sets the date. Timers do not notice. */
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
   * Time stands still until `work` has settled. For work that virtual time knows nothing of, such as a real
   * file: without this, hours would pass while the disk writes.
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

  /** Lets everything that can happen without time passing happen. */
  async settle(): Promise<void> {
    do {
      await macrotask();
      if (this.#held.size > 0) await Promise.all(this.#held);
    } while (this.#held.size > 0);
  }

  /** Lets `duration` pass. Rejects with what a timer threw. */
  async advance(duration: Millis): Promise<void> {
    await this.runUntil(millis(this.#now + Math.max(0, duration)));
  }

  /** Lets time pass up to and including `until`. Rejects with what a timer threw. */
  async runUntil(until: Millis): Promise<void> {
    await this.#exclusively(async () => {
      await this.#fireWhile((next) => next <= until);
      this.#now = Math.max(this.#now, until);
    });
  }

  /**
   * Lets as much time pass as `work` needs, and returns what it came to.
   * @param limit virtual time after which it counts as hanging; an hour when not given
   * @throws Error when `work` hangs: at the limit, or when no timer is left that could move it on
   */
  async run<T>(work: Promise<T>, limit: Millis = hours(1)): Promise<T> {
    let settled = false;
    const noticed = work.then(
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
      const why =
        this.#timers.size === 0 ? "no timer is left that could settle it" : `${limit} ms have passed`;
      throw new Error(`the work still waits although ${why}`);
    }
    await noticed;
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
        throw new Error(`${maximumTimersPerInstant} timers fired at ${next} ms: time does not move on`);
      }
      this.#now = Math.max(this.#now, next);
      this.#timers.take()?.();
    }
  }

  async #exclusively(body: () => Promise<void>): Promise<void> {
    if (this.#running) throw new Error("virtual time is already being moved; wait for that first");
    this.#running = true;
    try {
      await body();
    } finally {
      this.#running = false;
    }
  }
}

/** A turn of the event loop: microtasks and `process.nextTick` are drained before it ends, at about 1 µs. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
