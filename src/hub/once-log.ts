/**
 * Logs what a hostile or broken peer can cause at will: each message at most once in ten minutes.
 *
 * Guarantee: memory and log lines are bounded.
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { RateLimitByKey, type RateLimits } from "../base/rate-limit.ts";
import { minutes } from "../base/units.ts";

const once: RateLimits = { max: 1, within: minutes(10) };
const maxKeys = 1000;

export class OnceLog {
  readonly #log: Log;
  readonly #limit: RateLimitByKey;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#limit = new RateLimitByKey(clock, maxKeys);
  }

  /** @returns whether it was logged now */
  warn(event: string, subject: string, reason: string): boolean {
    const shown = subject.slice(0, 128);
    if (this.#limit.admit(`${event} ${shown} ${reason}`, once) === undefined) return false;
    this.#log.warn(event, { subject: shown, reason });
    return true;
  }
}
