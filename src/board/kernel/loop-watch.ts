/**
 * Detects stalls of the event loop, so that an edge that was delivered late does not get the time of the delivery.
 *
 * Guarantee: costs no timer, since the relay's read-back calls `sample` at every step. A stall is a time
 * between two calls in which the loop was busy for long, or the process was stopped (SIGSTOP, suspend). Only
 * sysfs needs this: it reports neither the time nor the number of edges; the character device reports both.
 */
import type { Clock } from "../../base/clock.ts";
import { type Millis, millis } from "../../base/units.ts";

/** A step and a picture take less on the slowest Pi; no press that a person makes is shorter. */
const maxWork = millis(100);
/** Steps come at least once a second. */
const maxPause = millis(1500);
/** Events that waited during a stall are delivered in the first turns of the loop after it. */
const stallSettleTime = millis(50);

export interface Stall {
  readonly fromMs: Millis;
  readonly untilMs: Millis;
}

export interface LoopWatchOptions {
  readonly clock: Clock;
  /** Time that the loop has spent waiting for events so far, in ms. */
  readonly idle?: () => number;
}

export class LoopWatch {
  readonly #clock: Clock;
  readonly #idle: () => number;
  #sampledAt: Millis | undefined;
  #sampledIdle = 0;
  #stall: Stall | undefined;

  constructor({ clock, idle }: LoopWatchOptions) {
    this.#clock = clock;
    this.#idle = idle ?? (() => performance.eventLoopUtilization().idle);
  }

  sample(): void {
    const now = this.#clock.now();
    const idle = this.#idle();
    const before = this.#sampledAt;
    if (before !== undefined) {
      const passed = now - before;
      const stalled = passed - (idle - this.#sampledIdle) >= maxWork || passed >= maxPause;
      if (stalled) this.#stall = { fromMs: before, untilMs: now };
    }
    this.#sampledAt = now;
    this.#sampledIdle = idle;
  }

  /** The stall that has just ended, if one has. */
  recentStall(): Stall | undefined {
    this.sample();
    const stall = this.#stall;
    return stall !== undefined && this.#clock.now() - stall.untilMs <= stallSettleTime ? stall : undefined;
  }
}
