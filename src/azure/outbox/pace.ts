/**
 * A token bucket: IoT Central takes 10 telemetry messages a second from a device, and throttles one that sends more.
 *
 * Guarantee: in any second at most `burst + perSecond` are let through.
 */
import type { Clock } from "../../base/clock.ts";
import { type Bucket, refilled } from "../../base/rate-limit.ts";
import { type Millis, millis } from "../../base/units.ts";

export interface PaceLimits {
  readonly perSecond: number;
  /** So many at once, after quiet. */
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

  /** Takes a token, if need be one that comes later. @returns how long to wait for it */
  take(): Millis {
    const perToken = millis(1000 / this.#limits.perSecond);
    const { tokens, countedAt } = refilled(this.#bucket, this.#clock.now(), {
      most: this.#limits.burst,
      perToken,
    });
    this.#bucket = { tokens: tokens - 1, countedAt };
    return millis(Math.max(0, (1 - tokens) * perToken));
  }
}
