/**
 * Ends a transfer that is too slow to be worth its connection: one that stands still, or that gives a byte a second.
 *
 * Guarantee: in any full span of waiting for the source at least so many bytes came. Only the waiting counts: not the
 * time that this device takes, for its disk or to keep its own limit.
 */
import type { Clock } from "../../base/clock.ts";
import { type Millis, millis } from "../../base/units.ts";
import { DownloadError } from "./download-error.ts";

export interface RateLimit {
  readonly bytes: number;
  readonly within: Millis;
}

export class MinimumRate {
  readonly #clock: Pick<Clock, "now" | "setTimer">;
  readonly #limit: RateLimit;
  #waited = 0;
  #bytes = 0;

  constructor(clock: Pick<Clock, "now" | "setTimer">, limit: RateLimit) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /**
   * Waits for something from the source. Whoever calls ends the source when this rejects.
   * @param sizeOf bytes that came with it
   * @throws DownloadError "too-slow"
   */
  async wait<T>(coming: Promise<T>, sizeOf: (found: T) => number): Promise<T> {
    const began = this.#clock.now();
    let cancel = (): void => undefined;
    const tooSlow = new Promise<never>((_, reject) => {
      const arm = (span: Millis): void => {
        cancel = this.#clock.setTimer(span, () => {
          if (this.#bytes < this.#limit.bytes) return reject(this.#error());
          this.#bytes = 0;
          this.#waited = began - this.#clock.now();
          arm(this.#limit.within);
        });
      };
      arm(millis(Math.max(0, this.#limit.within - this.#waited)));
    });
    try {
      const found = await Promise.race([coming, tooSlow]);
      this.#count(this.#clock.now() - began, sizeOf(found));
      return found;
    } finally {
      cancel();
      coming.catch(() => undefined);
    }
  }

  #count(waited: number, bytes: number): void {
    this.#waited += waited;
    this.#bytes += bytes;
    if (this.#waited < this.#limit.within) return;
    if (this.#bytes < this.#limit.bytes) throw this.#error();
    this.#waited = 0;
    this.#bytes = 0;
  }

  #error(): DownloadError {
    const { bytes, within } = this.#limit;
    return new DownloadError("too-slow", `fewer than ${bytes} bytes came in ${within / 1000} s`);
  }
}
