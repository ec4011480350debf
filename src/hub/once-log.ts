/**
 * Says a thing that hostile or broken peers can cause at will once, and then not again for ten minutes.
 *
 * Guarantee: bounded in memory and in lines, whoever knocks and however often.
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

const quietMs = 600_000;
const mostKeys = 1000;

export class OnceLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #said = new Map<string, number>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** @returns whether it was said now */
  warn(event: string, subject: string, reason: string): boolean {
    const shown = subject.slice(0, 128);
    const key = `${event} ${shown} ${reason}`;
    const nowMs = this.#clock.now();
    const last = this.#said.get(key);
    if (last !== undefined && nowMs - last < quietMs) return false;
    if (this.#said.size >= mostKeys) this.#said.clear();
    this.#said.set(key, nowMs);
    this.#log.warn(event, { subject: shown, reason });
    return true;
  }
}
