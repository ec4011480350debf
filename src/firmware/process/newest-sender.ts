/**
 * Sends the newest of a row of values through a channel between processes.
 *
 * Guarantee: `offer` returns at once and never throws. At most one value is on its way, and one waits, the newest;
 * what is equal to the one before is not sent; between two sends lies at least the spacing.
 */
import type { Clock } from "../../base/clock.ts";
import { type Millis, millis } from "../../base/units.ts";

export interface NewestSenderOptions<T> {
  readonly clock: Clock;
  readonly spacing: Millis;
  /** Must not throw; calls `done` once, whether the value arrived or was lost. */
  readonly send: (value: T, done: () => void) => void;
}

export class NewestSender<T> {
  readonly #options: NewestSenderOptions<T>;
  #newest: { readonly value: T; readonly text: string } | undefined;
  #sent: string | undefined;
  #onItsWay = false;
  #notBefore = 0;
  #cancel: (() => void) | undefined;

  constructor(options: NewestSenderOptions<T>) {
    this.#options = options;
  }

  offer(value: T): void {
    this.#newest = { value, text: JSON.stringify(value) };
    this.#pump();
  }

  /** Somebody new listens, who knows nothing yet. */
  again(): void {
    this.#sent = undefined;
    this.#pump();
  }

  #pump(): void {
    const newest = this.#newest;
    const isNews = newest !== undefined && newest.text !== this.#sent;
    if (!isNews || this.#onItsWay || this.#cancel !== undefined) return;
    const { clock, spacing, send } = this.#options;
    const wait = this.#notBefore - clock.now();
    if (wait > 0) {
      this.#cancel = clock.setTimer(millis(wait), () => {
        this.#cancel = undefined;
        this.#pump();
      });
      return;
    }
    this.#sent = newest.text;
    this.#onItsWay = true;
    this.#notBefore = clock.now() + spacing;
    send(newest.value, () => {
      this.#onItsWay = false;
      this.#pump();
    });
  }
}
