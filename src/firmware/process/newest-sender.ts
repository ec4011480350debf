/**
 * Sends the newest of a series of values through a channel between processes.
 *
 * Guarantee: `offer` returns at once and never throws. At most one value is being sent, and only the newest
 * waits; a value equal to the one sent before is not sent; the time between two sends is at least the
 * spacing.
 */
import type { Clock } from "../../base/clock.ts";
import { LatestWins } from "../../base/latest-wins.ts";
import type { Millis } from "../../base/units.ts";

export interface NewestSenderOptions<T> {
  readonly clock: Clock;
  readonly spacing: Millis;
  /** Must not throw; calls `done` once, when the value has arrived or was lost. */
  readonly send: (value: T, done: () => void) => void;
}

export class NewestSender<T> {
  readonly #sender = new LatestWins(() => this.#sendNewest());
  readonly #options: NewestSenderOptions<T>;
  #newest: T | undefined;
  #sent: string | undefined;

  constructor(options: NewestSenderOptions<T>) {
    this.#options = options;
  }

  offer(value: T): void {
    this.#newest = value;
    void this.#sender.wake();
  }

  /** Sends the newest value once more, to a new listener. */
  resend(): void {
    this.#sent = undefined;
    void this.#sender.wake();
  }

  async #sendNewest(): Promise<void> {
    const { clock, spacing, send } = this.#options;
    const value = this.#newest;
    const text = JSON.stringify(value);
    if (value === undefined || text === this.#sent) return;
    this.#sent = text;
    const sent = new Promise<void>((done) => send(value, done));
    await Promise.all([sent, clock.sleep(spacing)]);
  }
}
