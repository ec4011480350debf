/** Pauses that grow, for what is tried again after it failed. */
import { type Millis, millis } from "./units.ts";

export interface BackoffLimits {
  readonly first: Millis;
  readonly longest: Millis;
  /** Each pause is so many times the one before; 2 when not given. */
  readonly factor?: number;
  /** What worked for so long was healthy: its failure is the first of a new row. Never when not given. */
  readonly healthyAfter?: Millis;
}

/** @param before failures in a row before this one */
export const pauseAfter = (before: number, { first, longest, factor = 2 }: BackoffLimits): Millis =>
  millis(Math.min(longest, first * factor ** before));

export class Backoff {
  readonly #limits: BackoffLimits;
  #failures = 0;

  constructor(limits: BackoffLimits) {
    this.#limits = limits;
  }

  /** The next pause, without a failure. */
  get pause(): Millis {
    return pauseAfter(this.#failures, this.#limits);
  }

  /** It failed. @param workedFor how long it had worked; @returns the pause until the next try */
  failed(workedFor?: Millis): Millis {
    const { healthyAfter } = this.#limits;
    if (workedFor !== undefined && healthyAfter !== undefined && workedFor >= healthyAfter) this.reset();
    const { pause } = this;
    this.#failures += 1;
    return pause;
  }

  /** It works again. */
  reset(): void {
    this.#failures = 0;
  }
}
