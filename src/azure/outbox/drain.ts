/**
 * Sends waiting entries one at a time, oldest first, while the link is online.
 *
 * Guarantees: an entry is acknowledged to the source only after `send` returned "ok"; a failed one is retried, at
 * growing intervals while online and at once after a reconnect; a `send` that throws or never settles counts as failed;
 * the rate limit always holds.
 */
import { Backoff, type BackoffLimits } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { type Millis, minutes, seconds } from "../../base/units.ts";
import type { Entry } from "./entry.ts";
import type { Pace } from "./pace.ts";

export interface DrainSource {
  /** The oldest entry; "unread" when it has to be fetched first. */
  head(): Entry | "unread" | undefined;
  /** Never rejects. */
  fetch(): Promise<void>;
  acknowledged(entry: Entry): void;
}

export interface DrainOptions {
  readonly clock: Clock;
  readonly pace: Pace;
  readonly source: DrainSource;
  readonly send: (entry: Entry) => Promise<"ok" | "failed">;
}

const retries: BackoffLimits = { first: seconds(1), longest: seconds(30) };
/** For a `send` that never settles; the link has its own timeouts. */
const sendLimit = minutes(1);

export class Drain {
  readonly #options: DrainOptions;
  #online = false;
  #running = false;
  /** Ends the wait that the drain is in, if any. */
  #interrupt: () => void = () => {};

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  setOnline(online: boolean): void {
    if (online === this.#online) return;
    this.#online = online;
    this.#interrupt();
    this.wake();
  }

  /** There may be something to send. */
  wake(): void {
    if (this.#running || !this.#online) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      const backoff = new Backoff(retries);
      while (this.#online) {
        // No await between the last `head` and the return, so that an entry added then starts a new run.
        const entry = this.#options.source.head();
        if (entry === undefined) return;
        const outcome = await this.#step(entry);
        if (outcome === "ok") backoff.reset();
        if (outcome !== "failed" || !this.#online) continue;
        await this.#wait(backoff.failed());
      }
    } finally {
      this.#running = false;
    }
  }

  async #step(entry: Entry | "unread"): Promise<"again" | "ok" | "failed"> {
    const { source, pace } = this.#options;
    if (entry === "unread") {
      await source.fetch();
      return "again";
    }
    await this.#wait(pace.take());
    // Meanwhile the link may be offline, or the entry dropped to make room.
    if (!this.#online || source.head() !== entry) return "again";
    const outcome = await this.#send(entry);
    if (outcome === "ok") source.acknowledged(entry);
    return outcome;
  }

  async #send(entry: Entry): Promise<"ok" | "failed"> {
    const answer = (async () => this.#options.send(entry))().catch(() => "failed" as const);
    // Going offline ends the wait: the link may take long to give up.
    const outcome = await Promise.race([answer, this.#wait(sendLimit)]);
    this.#interrupt();
    return outcome === "ok" ? "ok" : "failed";
  }

  /** Resolves after the time, or when the link state changes. */
  #wait(time: Millis): Promise<void> {
    if (time <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.setTimer(time, resolve);
      this.#interrupt = () => {
        cancel();
        resolve();
      };
    });
  }
}
