/**
 * Sends what waits, one message at a time, oldest first, while there is a link.
 *
 * Guarantees: an entry is acknowledged to the source only after `send` said "ok"; one that failed is tried again,
 * at growing intervals while the link stays and at once after it came back; a `send` that throws or never answers
 * counts as failed; the pace is kept whatever happens.
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
/** The link has its own limits; this one is for a `send` that forgets to answer. */
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
        // No await between the last look at the source and the end: whoever adds then wakes a new run.
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
    // Meanwhile the link may have gone, or the entry: dropped, to make room.
    if (!this.#online || source.head() !== entry) return "again";
    const outcome = await this.#send(entry);
    if (outcome === "ok") source.acknowledged(entry);
    return outcome;
  }

  async #send(entry: Entry): Promise<"ok" | "failed"> {
    const answer = (async () => this.#options.send(entry))().catch(() => "failed" as const);
    // A cut ends the wait: nobody knows how long the link would still look for an answer.
    const outcome = await Promise.race([answer, this.#wait(sendLimit)]);
    this.#interrupt();
    return outcome === "ok" ? "ok" : "failed";
  }

  /** Until the time is over or the link has changed. */
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
