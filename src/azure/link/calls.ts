/**
 * Calls on a connection, with deadlines.
 *
 * Guarantee: every call settles: by its answer, at its deadline, or when the connection ends.
 */
import type { Clock } from "../../base/clock.ts";
import { asError } from "../../base/errors.ts";
import type { Millis } from "../../base/units.ts";

export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** A Node-style callback, as the SDK uses. */
export type Done<T> = (error?: unknown, value?: T) => void;

export class Calls {
  readonly #clock: Clock;
  readonly #pending = new Set<(error: Error) => void>();
  #ended: Error | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#pending.size;
  }

  /** @throws the error of the callback; NoAnswer at the deadline; the error passed to `end` */
  make<T>(limit: Millis, start: (done: Done<T>) => void): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      const settle = (act: () => void) => {
        cancel();
        this.#pending.delete(fail);
        act();
      };
      const fail = (error: Error) => settle(() => reject(error));
      const cancel = this.#clock.setTimer(limit, () => fail(new NoAnswer(`no answer within ${limit} ms`)));
      this.#pending.add(fail);
      try {
        start((error, value) => (error ? fail(asError(error)) : settle(() => resolve(value))));
      } catch (error) {
        fail(asError(error));
      }
    });
  }

  /** Fails all current and later calls. */
  end(error: Error): void {
    this.#ended ??= error;
    for (const fail of [...this.#pending]) fail(error);
  }
}
