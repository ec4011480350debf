/** The only place in the page that reads the browser's time. */
import type { Clock } from "../../base/clock.ts";
import { type Millis, millis, wallMillis } from "../../base/units.ts";

export const browserClock: Clock = {
  now: () => millis(performance.now()),
  wallNow: () => wallMillis(Date.now()),
  setTimer(delay: Millis, fn: () => void): () => void {
    const timer = setTimeout(fn, Math.max(0, delay));
    return () => clearTimeout(timer);
  },
  sleep: (delay: Millis): Promise<void> =>
    new Promise((resolve) => {
      setTimeout(resolve, Math.max(0, delay));
    }),
};
