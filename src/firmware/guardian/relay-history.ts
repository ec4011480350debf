/**
 * What the guardian knows of the relay's past, for the next loop: the minimum off time (SR-08) is kept after
 * a crash even if nothing could be stored.
 *
 * Guarantee: never claims a longer time off than was seen, in monotonic time of this process.
 */
import { type Millis, millis } from "../../base/units.ts";

export class RelayHistory {
  #on = false;
  #offSince: Millis | undefined;

  /** Call this at each command that the loop reports. */
  commanded(on: boolean, now: Millis): void {
    if (this.#on && !on) this.#offSince = now;
    this.#on = on;
  }

  /** Call this after the line was forced off. @param wasOn whether it was on before */
  forcedOff(wasOn: boolean, now: Millis): void {
    if (this.#on || wasOn) this.#offSince = now;
    this.#on = false;
  }

  /** For how long the relay has been off, 0 while it is on; `undefined` when it was never seen on. */
  offFor(now: Millis): Millis | undefined {
    if (this.#on) return millis(0);
    return this.#offSince === undefined ? undefined : millis(Math.max(0, now - this.#offSince));
  }
}
