/** Waits for something to become true: polled, bounded, and naming what it waited for when it does not. */
import { setTimeout as sleep } from "node:timers/promises";

/** An emulated processor is ten to forty times slower than a real one: limits are generous, success is quick. */
export const PATIENCE_MS = 20_000;

/**
 * @param what completes the sentence "waited for …"
 * @param probe a value to go on with, or undefined or false to wait longer
 * @throws Error naming what did not happen, and the last error of the probe
 */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs: number = PATIENCE_MS,
): Promise<T> {
  const end = performance.now() + limitMs;
  let last = "";
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      last = "";
    } catch (error) {
      last = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms for ${what}${last}`);
    await sleep(20);
  }
}
