/**
 * Calls on a connection that may never be answered.
 *
 * Guarantee: every call settles: by its answer, at its deadline, or when the connection ends; none is left behind.
 */
import type { Clock } from "../../base/clock.ts";
import { asError } from "../../base/errors.ts";
import type { Millis } from "../../base/units.ts";

export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** As Node's callbacks, and the SDK's. */
export type Done<T> = (error?: unknown, value?: T) => void;

export class Calls {
  readonly #clock: Clock;
  readonly #underWay = new Set<(error: Error) => void>();
  #ended: Error | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#underWay.size;
  }

  /** @throws what the callback was given; NoAnswer at the deadline; the connection's end */
  make<T>(limit: Millis, start: (done: Done<T>) => void): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      const settle = (act: () => void) => {
        cancel();
        this.#underWay.delete(fail);
        act();
      };
      const fail = (error: Error) => settle(() => reject(error));
      const cancel = this.#clock.setTimer(limit, () => fail(new NoAnswer(`no answer within ${limit} ms`)));
      this.#underWay.add(fail);
      try {
        start((error, value) => (error ? fail(asError(error)) : settle(() => resolve(value))));
      } catch (error) {
        fail(asError(error));
      }
    });
  }

  /** Fails all calls, these and later ones. */
  end(error: Error): void {
    this.#ended ??= error;
    for (const fail of [...this.#underWay]) fail(error);
  }
}
