/**
 * The state of the connection, for the firmware and the log.
 *
 * Guarantee: each change of state or cause is logged once, not each attempt; while it lasts, it is logged again once an
 * hour.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { hours, type Millis } from "../../base/units.ts";
import type { LinkState } from "../../control/input.ts";
import type { BrokerCause } from "./cause.ts";

export interface StatusReporterOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly onChange: () => void;
}

const remindEvery = hours(1);

export class StatusReporter {
  readonly #options: StatusReporterOptions;
  #state: LinkState = "none";
  #cause: BrokerCause | undefined;
  #loggedAt: Millis | undefined;
  /** Attempts in a row with the same result. */
  #attempts = 0;

  constructor(options: StatusReporterOptions) {
    this.#options = options;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Why it is not online. */
  get cause(): BrokerCause | undefined {
    return this.#cause;
  }

  /** @param retryMs until the next attempt */
  report(state: LinkState, why?: BrokerCause, retryMs = 0): void {
    const { onChange } = this.#options;
    const isNew = state !== this.#state || why?.code !== this.#cause?.code;
    this.#attempts = isNew ? 1 : this.#attempts + 1;
    this.#state = state;
    this.#cause = why;
    this.#log(isNew, retryMs);
    if (isNew) onChange();
  }

  #log(isNew: boolean, retryMs: number): void {
    const { log, clock } = this.#options;
    if (this.#cause === undefined) {
      if (isNew) log.info(`home-assistant-${this.#state}`);
      return;
    }
    const { code, text: words, detail } = this.#cause;
    const fields = { code, words, detail, attempts: this.#attempts, retryMs: Math.round(retryMs) };
    const isDue = this.#loggedAt === undefined || clock.now() - this.#loggedAt >= remindEvery;
    if (isNew || isDue) {
      this.#loggedAt = clock.now();
      log.warn("home-assistant-offline", fields);
    } else log.debug("home-assistant-offline", fields);
  }
}
