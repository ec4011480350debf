/**
 * The state of a link, for the firmware and the log.
 *
 * Guarantee: each change of state or cause is reported once, not each attempt; while it lasts, it is logged again once
 * an hour.
 */
import type { Clock } from "../clock.ts";
import { isoTime } from "../iso-time.ts";
import type { Log } from "../log.ts";
import { hours, type Millis } from "../units.ts";

/** Why a link is not online. */
export interface OfflineCause {
  readonly code: string;
  /** A sentence with the next step. */
  readonly text: string;
  /** For the log. */
  readonly detail: string;
}

export type ReportedState = "none" | "connecting" | "online" | "offline";

export interface StatusReporterOptions<Cause> {
  readonly clock: Clock;
  readonly log: Log;
  /** First part of the log's event names, such as "cloud". */
  readonly name: string;
  /** Must not throw. */
  readonly onChange: (state: ReportedState, cause: Cause | undefined) => void;
}

const remindEvery = hours(1);

export class StatusReporter<Cause extends OfflineCause> {
  readonly #options: StatusReporterOptions<Cause>;
  #state: ReportedState = "none";
  #cause: Cause | undefined;
  /** Attempts in a row with the same result. */
  #attempts = 0;
  #loggedAt: Millis | undefined;

  constructor(options: StatusReporterOptions<Cause>) {
    this.#options = options;
  }

  get state(): ReportedState {
    return this.#state;
  }

  /** Why it is not online. */
  get cause(): Cause | undefined {
    return this.#cause;
  }

  /** @param retryMs until the next attempt */
  report(state: ReportedState, cause?: Cause, retryMs = 0): void {
    const isNew = state !== this.#state || cause?.code !== this.#cause?.code;
    this.#attempts = isNew ? 1 : this.#attempts + 1;
    this.#state = state;
    this.#cause = cause;
    this.#log(isNew, retryMs);
    if (isNew) this.#options.onChange(state, cause);
  }

  #log(isNew: boolean, retryMs: number): void {
    const { log, clock, name } = this.#options;
    if (this.#cause === undefined) {
      if (isNew) log.info(`${name}-${this.#state}`);
      return;
    }
    const { code, text: words, detail } = this.#cause;
    const attempts = isNew ? undefined : this.#attempts;
    // A wrong clock can lead to many of these causes.
    const clockShows = isoTime(clock.wallNow());
    const fields = { code, words, detail, clock: clockShows, attempts, retryMs: Math.round(retryMs) };
    const isDue = this.#loggedAt === undefined || clock.now() - this.#loggedAt >= remindEvery;
    if (isNew || isDue) {
      this.#loggedAt = clock.now();
      log.warn(`${name}-offline`, fields);
    } else log.debug(`${name}-offline`, fields);
  }
}
