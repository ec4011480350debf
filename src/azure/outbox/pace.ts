/**
 * A token bucket: IoT Central takes 10 telemetry messages a second from a device, and throttles one that sends more.
 *
 * Guarantee: in any second at most `burst + perSecond` are let through.
 */
import type { Clock } from "../../base/clock.ts";
import { type Millis, millis } from "../../base/units.ts";

export interface PaceLimits {
  readonly perSecond: number;
  /** So many at once, after quiet. */
  readonly burst: number;
}

export class Pace {
  readonly #clock: Clock;
  readonly #limits: PaceLimits;
  #tokens: number;
  #countedAt: number;

  constructor(clock: Clock, limits: PaceLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#tokens = limits.burst;
    this.#countedAt = clock.now();
  }

  /** Takes a token, if need be one that comes later. @returns how long to wait for it */
  take(): Millis {
    const now = this.#clock.now();
    const { perSecond, burst } = this.#limits;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#countedAt) / 1000) * perSecond);
    this.#countedAt = now;
    this.#tokens -= 1;
    return millis(Math.max(0, (-this.#tokens / perSecond) * 1000));
  }
}
