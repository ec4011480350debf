/**
 * The clock as a parameter, so that a simulated day runs in seconds.
 *
 * Guarantee: `now()` never goes back. Nothing in the firmware besides the system clock itself calls `Date`,
 * `setTimeout` or `setInterval`.
 */
import { type Millis, type WallMillis, wallMillis } from "./units.ts";

export interface Clock {
  /** Monotonic time in ms since an arbitrary start. */
  now(): Millis;
  /** Wall time. May jump in either direction: for labels only. */
  wallNow(): WallMillis;
  /** Calls `fn` once, `delay` ms from now (at once when negative). Returns a function that cancels it. */
  setTimer(delay: Millis, fn: () => void): () => void;
  /** Resolves `delay` ms from now. */
  sleep(delay: Millis): Promise<void>;
}

/**
 * An earlier wall clock is wrong: it would be before this program existed. A Pi without a network starts in 1970, at
 * the time of its last shutdown, or at the date of its system image.
 */
export const earliestWallTime = wallMillis(Date.UTC(2026, 10, 1));
/** No installation lasts this long: a clock that shows a later time was set wrong, or its counter overflowed. */
export const latestWallTime = wallMillis(Date.UTC(2060, 0, 1));

/** Whether this wall time may be right. Outside of these limits the clock is certainly wrong. */
export const isTrustedWallTime = (wallMs: number): boolean =>
  wallMs >= earliestWallTime && wallMs < latestWallTime;
