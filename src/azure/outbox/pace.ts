/**
 * A token bucket: IoT Central throttles a device that sends more than 10 telemetry messages a second.
 *
 * Guarantee: at most `burst + perSecond` in any second.
 */
import type { Clock } from "../../base/clock.ts";
import { type Bucket, refilled } from "../../base/rate-limit.ts";
import { type Millis, millis } from "../../base/units.ts";

export interface PaceLimits {
  readonly perSecond: number;
  /** Maximum at once after a pause. */
  readonly burst: number;
}

export class Pace {
  readonly #clock: Clock;
  readonly #limits: PaceLimits;
  #bucket: Bucket;

  constructor(clock: Clock, limits: PaceLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#bucket = { tokens: limits.burst, countedAt: clock.now() };
  }

  /** Takes a token, possibly a future one. @returns how long to wait for it */
  take(): Millis {
    const perToken = millis(1000 / this.#limits.perSecond);
    const { tokens, countedAt } = refilled(this.#bucket, this.#clock.now(), {
      max: this.#limits.burst,
      perToken,
    });
    this.#bucket = { tokens: tokens - 1, countedAt };
    return millis(Math.max(0, (1 - tokens) * perToken));
  }
}
