/**
 * What the guardian knows of the relay's past, for the next loop: the minimum off time (SR-08) holds after a crash
 * also where nothing could be stored.
 *
 * Guarantee: never claims a longer time off than was seen, in monotonic time of this process.
 */
import { type Millis, millis } from "../../base/units.ts";

export class RelayHistory {
  #on = false;
  #offSince: Millis | undefined;

  /** The loop said what it commands. */
  commanded(on: boolean, now: Millis): void {
    if (this.#on && !on) this.#offSince = now;
    this.#on = on;
  }

  /** The line was forced off. @param wasOn it was found on */
  forcedOff(wasOn: boolean, now: Millis): void {
    if (this.#on || wasOn) this.#offSince = now;
    this.#on = false;
  }

  /** For how long it has been off; `undefined` when it was never seen on. */
  offFor(now: Millis): Millis | undefined {
    if (this.#on) return millis(0);
    return this.#offSince === undefined ? undefined : millis(Math.max(0, now - this.#offSince));
  }
}
