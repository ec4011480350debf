/**
 * Limits a download's bandwidth, so that other devices of the house keep theirs. A token bucket of one
 * second.
 */
import type { Clock } from "../../base/clock.ts";
import { type Bucket, refilled } from "../../base/rate-limit.ts";
import { type Millis, millis } from "../../base/units.ts";

export class Pace {
  readonly #clock: Pick<Clock, "now">;
  readonly #bytesPerSecond: number;
  #bucket: Bucket;

  constructor(clock: Pick<Clock, "now">, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
    this.#bucket = { tokens: bytesPerSecond, countedAt: clock.now() };
  }

  /** Counts received bytes. @returns how long to wait before receiving more */
  received(bytes: number): Millis {
    const limits = { max: this.#bytesPerSecond, perToken: millis(1000 / this.#bytesPerSecond) };
    const { tokens, countedAt } = refilled(this.#bucket, this.#clock.now(), limits);
    this.#bucket = { tokens: tokens - bytes, countedAt };
    return millis(Math.max(0, bytes - tokens) * limits.perToken);
  }
}
