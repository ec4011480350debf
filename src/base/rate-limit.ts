/** Rate limits: a maximum in any time span, or a steady rate with bursts. */
import type { Clock } from "./clock.ts";
import type { Millis } from "./units.ts";

export interface RateLimits {
  readonly max: number;
  readonly within: Millis;
}

/** Guarantee: in any span of `within`, wherever it begins, at most `max` are admitted. */
export class RateLimit {
  readonly #clock: Pick<Clock, "now">;
  readonly #limits: RateLimits;
  /** Times of the admissions within the span, oldest first. */
  readonly #admitted: number[] = [];
  #rejected = 0;

  constructor(clock: Pick<Clock, "now">, limits: RateLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Whether the next one would be rejected. */
  get full(): boolean {
    const now = this.#clock.now();
    const { max, within } = this.#limits;
    while (now - (this.#admitted[0] ?? now) >= within) this.#admitted.shift();
    return this.#admitted.length >= max;
  }

  /** @returns how many were rejected since the last admission; `undefined` when this one is rejected too */
  admit(): number | undefined {
    if (this.full) {
      this.#rejected += 1;
      return undefined;
    }
    const before = this.#rejected;
    this.#rejected = 0;
    this.#admitted.push(this.#clock.now());
    return before;
  }
}

/** A limit per key. Guarantee: memory is bounded; with too many keys, all limits are reset. */
export class RateLimitByKey {
  readonly #clock: Pick<Clock, "now">;
  readonly #maxKeys: number;
  readonly #limits = new Map<string, RateLimit>();

  constructor(clock: Pick<Clock, "now">, maxKeys: number) {
    this.#clock = clock;
    this.#maxKeys = maxKeys;
  }

  /** As `RateLimit.admit`. @param limits of this key, always the same */
  admit(key: string, limits: RateLimits): number | undefined {
    let limit = this.#limits.get(key);
    if (limit === undefined) {
      if (this.#limits.size >= this.#maxKeys) this.#limits.clear();
      limit = new RateLimit(this.#clock, limits);
      this.#limits.set(key, limit);
    }
    return limit.admit();
  }

  /** As `RateLimit.full`, for a key whose limit was given to `admit`. */
  isFull(key: string): boolean {
    return this.#limits.get(key)?.full ?? false;
  }
}

/** A token bucket: up to `max` at once, refilled by one per `perToken`. */
export interface Bucket {
  readonly tokens: number;
  readonly countedAt: Millis;
}

export interface BucketLimits {
  readonly max: number;
  readonly perToken: Millis;
}

/** @returns the bucket as it is at `now` */
export const refilled = (
  { tokens, countedAt }: Bucket,
  now: Millis,
  { max, perToken }: BucketLimits,
): Bucket => ({
  tokens: Math.min(max, tokens + Math.max(0, now - countedAt) / perToken),
  countedAt: now,
});
