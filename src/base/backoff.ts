/** Growing pauses between retries. */
import { type Millis, millis } from "./units.ts";

export interface BackoffLimits {
  readonly first: Millis;
  readonly longest: Millis;
  /** Factor from one pause to the next; default 2. */
  readonly factor?: number;
  /** A failure after working for so long counts as the first. Default: never. */
  readonly healthyAfter?: Millis;
}

/** @param before failures in a row before this one */
export const pauseAfter = (before: number, { first, longest, factor = 2 }: BackoffLimits): Millis =>
  millis(Math.min(longest, first * factor ** before));

/**
 * A random pause between `floor` and a ceiling that begins a quarter above it and doubles with each failure,
 * so that the devices of a fleet do not all retry at the same time. @param failures in a row, this one
 * included. @param random uniform in 0…1
 */
export function drawnPause(
  failures: number,
  { floor, longest }: { readonly floor: Millis; readonly longest: Millis },
  random: number,
): Millis {
  const most = millis(Math.max(floor, longest));
  const ceiling = pauseAfter(Math.max(0, failures - 1), { first: millis(floor * 1.25), longest: most });
  return millis(floor + random * (ceiling - floor));
}

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

  /** Call this after a failure. @param workedFor how long it had worked; @returns the pause until the next try */
  failed(workedFor?: Millis): Millis {
    const { healthyAfter } = this.#limits;
    if (workedFor !== undefined && healthyAfter !== undefined && workedFor >= healthyAfter) this.reset();
    const { pause } = this;
    this.#failures += 1;
    return pause;
  }

  /** Call this after a success. */
  reset(): void {
    this.#failures = 0;
  }
}
