/**
 * Ends a transfer that has stopped, or is too slow to be useful.
 *
 * Guarantee: in each period of `within` spent waiting for the source, at least `bytes` arrived. Only waiting counts, not
 * the time that this device needs for its disk or for its own bandwidth limit.
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
   * Waits for something from the source. The caller must end the transfer when this rejects.
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
