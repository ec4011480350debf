/** Limits on how often something may happen: so many in any span of time, or a steady rate with bursts. */
import type { Clock } from "./clock.ts";
import type { Millis } from "./units.ts";

export interface RateLimits {
  readonly most: number;
  readonly within: Millis;
}

/** Guarantee: in any span of `within`, wherever it begins, at most `most` are admitted. */
export class RateLimit {
  readonly #clock: Pick<Clock, "now">;
  readonly #limits: RateLimits;
  /** When those were admitted that still count, oldest first. */
  readonly #admitted: number[] = [];
  #heldBack = 0;

  constructor(clock: Pick<Clock, "now">, limits: RateLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** The next one would be held back. */
  get full(): boolean {
    const now = this.#clock.now();
    const { most, within } = this.#limits;
    while (now - (this.#admitted[0] ?? now) >= within) this.#admitted.shift();
    return this.#admitted.length >= most;
  }

  /** @returns how many were held back since the last one that was admitted; `undefined`: this one is held back too */
  admit(): number | undefined {
    if (this.full) {
      this.#heldBack += 1;
      return undefined;
    }
    const before = this.#heldBack;
    this.#heldBack = 0;
    this.#admitted.push(this.#clock.now());
    return before;
  }
}

/** A limit for each of many keys. Guarantee: bounded in memory; where there are too many keys, all begin anew. */
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
}

/** A token bucket: `most` at once after quiet, and one more each time that `perToken` has passed. */
export interface Bucket {
  readonly tokens: number;
  readonly countedAt: Millis;
}

export interface BucketLimits {
  readonly most: number;
  readonly perToken: Millis;
}

/** @returns the bucket as it is at `now` */
export const refilled = (
  { tokens, countedAt }: Bucket,
  now: Millis,
  { most, perToken }: BucketLimits,
): Bucket => ({
  tokens: Math.min(most, tokens + Math.max(0, now - countedAt) / perToken),
  countedAt: now,
});
