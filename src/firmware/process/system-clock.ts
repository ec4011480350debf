/** The only place that reads the system's clocks. Monotonic time starts with the process. */
import { uptime } from "node:os";
import type { Clock } from "../../base/clock.ts";
import { bootId } from "../../base/files/process-identity.ts";
import { type Millis, millis, wallMillis } from "../../base/units.ts";

/** Node's timers have 31 bits; a longer wait ends early, and the caller then checks the clock again. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * Not `performance.now()`: the first use of `performance` loads a part of Node.js and delays the start by 3
 * ms.
 */
const monotonicMs = (): number => {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1000 + nanos / 1e6;
};
const startedMs = monotonicMs() - process.uptime() * 1000;

export const systemClock: Clock = {
  now: () => millis(monotonicMs() - startedMs),
  wallNow: () => wallMillis(Date.now()),
  setTimer(delay: Millis, fn: () => void): () => void {
    const timer = setTimeout(fn, Math.min(maxTimerMs, Math.max(0, delay)));
    return () => clearTimeout(timer);
  },
  sleep: (delay: Millis): Promise<void> =>
    new Promise((resolve) => {
      setTimeout(resolve, Math.min(maxTimerMs, Math.max(0, delay)));
    }),
};

/**
 * Identifies the present boot of this machine, and says when in it the process's clock started.
 * @returns an id that is different after every boot; a random one where the system has none
 */
export function bootOfThisMachine(clock: Clock): { readonly id: string; readonly clockZeroMs: Millis } {
  return { id: bootId() || crypto.randomUUID(), clockZeroMs: millis(uptime() * 1000 - clock.now()) };
}

/** Converts the start of another process to this one's clock. @param upSince its `clockZeroMs`, as a flag */
export function startOfOther(upSince: string | undefined): Millis {
  const { clockZeroMs } = bootOfThisMachine(systemClock);
  const since = Number(upSince);
  return millis(Number.isFinite(since) ? since - clockZeroMs : 0);
}
