/**
 * Queues commands for the device, and executes them one after another.
 *
 * Guarantee: at most one command waits for each name, the newest; commands are executed at a limited rate,
 * and the value that was sent last is always executed. Never throws.
 */
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { LatestWins } from "../../base/latest-wins.ts";
import type { Log } from "../../base/log.ts";
import { RateLimit } from "../../base/rate-limit.ts";
import { millis, seconds } from "../../base/units.ts";

/** More than a person who moves a slider sends. */
const limits = { max: 20, within: seconds(2) };
const pause = millis(100);

export class CommandQueue {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #act: (name: string, text: string) => Promise<void>;
  readonly #limit: RateLimit;
  /** In the order of their newest values. */
  readonly #waiting = new Map<string, string>();
  readonly #runner = new LatestWins(() => this.#run());

  /** @param act executes one command */
  constructor(clock: Clock, log: Log, act: (name: string, text: string) => Promise<void>) {
    this.#clock = clock;
    this.#log = log;
    this.#act = act;
    this.#limit = new RateLimit(clock, limits);
  }

  /** @param name one of a bounded set */
  add(name: string, text: string): void {
    this.#waiting.delete(name);
    this.#waiting.set(name, text);
    void this.#runner.wake();
  }

  /** Discards the waiting commands, when their connection has ended. */
  clear(): void {
    this.#waiting.clear();
  }

  async #run(): Promise<void> {
    for (;;) {
      if (this.#waiting.size > 0 && this.#limit.full) {
        await this.#clock.sleep(pause);
        continue;
      }
      const [next] = this.#waiting;
      if (next === undefined) return;
      const [name, text] = next;
      this.#waiting.delete(name);
      this.#limit.admit();
      try {
        await this.#act(name, text);
      } catch (error) {
        this.#log.error("home-assistant-handler-failed", { command: name, error: messageOf(error) });
      }
    }
  }
}
