/**
 * When the event loop last stood still, so that an edge which was waiting meanwhile is not taken for one of now.
 *
 * Guarantee: costs no timer. The loop is known to run by `look`, which the relay's read-back calls at every step; a
 * stall is a stretch between two looks in which the loop computed for long, or was stopped (SIGSTOP, suspend).
 * sysfs tells neither when an edge happened nor how many there were; the kernel's character device would.
 */
import type { Clock } from "../../base/clock.ts";
import { type Millis, millis } from "../../base/units.ts";

/** A step and a picture take less on the slowest Pi; no press that a person makes is shorter. */
const maxWork = millis(100);
/** Steps come once a second at least. */
const maxPause = millis(1500);
/** What waited during a stall is delivered in the first turns of the loop after it. */
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
  #lookedAt: Millis | undefined;
  #idleThen = 0;
  #stall: Stall | undefined;

  constructor({ clock, idle }: LoopWatchOptions) {
    this.#clock = clock;
    this.#idle = idle ?? (() => performance.eventLoopUtilization().idle);
  }

  look(): void {
    const now = this.#clock.now();
    const idle = this.#idle();
    const before = this.#lookedAt;
    if (before !== undefined) {
      const passed = now - before;
      const stalled = passed - (idle - this.#idleThen) >= maxWork || passed >= maxPause;
      if (stalled) this.#stall = { fromMs: before, untilMs: now };
    }
    this.#lookedAt = now;
    this.#idleThen = idle;
  }

  /** The stall that has just ended, if one has. */
  recentStall(): Stall | undefined {
    this.look();
    const stall = this.#stall;
    return stall !== undefined && this.#clock.now() - stall.untilMs <= stallSettleTime ? stall : undefined;
  }
}
