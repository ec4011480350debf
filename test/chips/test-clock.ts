/** A clock that stands still until something waits for it: `run` lets time pass only when nothing else can happen. */
import type { Clock } from "../../src/base/clock.ts";
import { type Millis, millis, wallMillis } from "../../src/base/units.ts";

interface Timer {
  readonly at: number;
  readonly fn: () => void;
}

export class TestClock implements Clock {
  #now = 1000;
  #timers = new Set<Timer>();

  now(): Millis {
    return millis(this.#now);
  }

  wallNow() {
    return wallMillis(this.#now);
  }

  setTimer(delay: Millis, fn: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, delay), fn };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  sleep(delay: Millis): Promise<void> {
    return new Promise((resolve) => {
      this.setTimer(delay, resolve);
    });
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  advance(delay: number): void {
    this.#now += delay;
  }

  /** Waits for `promise`, firing the earliest timer whenever nothing else is left to do. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    promise.then(settle, settle);
    for (let idle = 0; !settled; ) {
      for (let turn = 0; turn < 20 && !settled; turn++) await Promise.resolve();
      if (settled) break;
      const next = [...this.#timers].sort((a, b) => a.at - b.at)[0];
      if (next) {
        this.#timers.delete(next);
        this.#now = Math.max(this.#now, next.at);
        next.fn();
        idle = 0;
      } else if (++idle > 100) throw new Error("nothing will ever settle this promise");
      else await new Promise((resolve) => setImmediate(resolve));
    }
    return promise;
  }
}
