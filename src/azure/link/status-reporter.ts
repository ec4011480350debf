/**
 * Reports the link state to the firmware and the log.
 *
 * Guarantee: each change of state or cause is reported once, not each attempt; while it lasts, it is logged again once
 * an hour. The handler may throw.
 */
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { isoTime } from "../../base/iso-time.ts";
import type { Log } from "../../base/log.ts";
import { hours, type Millis } from "../../base/units.ts";
import type { LinkCause } from "./cause.ts";
import type { CloudHandlers } from "./link.ts";

export interface StatusReporterOptions {
  readonly log: Log;
  readonly handlers: Pick<CloudHandlers, "onLink">;
  readonly clock: Clock;
}

const remindEvery = hours(1);

export class LinkStatusReporter {
  readonly #options: StatusReporterOptions;
  #reported = "";
  /** Attempts in a row with the same result as the one before. */
  #repeats = 0;
  #loggedAt: Millis | undefined;

  constructor(options: StatusReporterOptions) {
    this.#options = options;
  }

  /** @param retryMs until the next attempt */
  report(state: "connecting" | "online" | "offline", why?: LinkCause, retryMs = 0): void {
    const { log, handlers } = this.#options;
    const status = `${state} ${why?.code ?? ""}`;
    const isNew = status !== this.#reported;
    this.#reported = status;
    this.#log(state, why, retryMs, isNew);
    if (!isNew) return;
    try {
      handlers.onLink(state, why);
    } catch (error) {
      log.error("cloud-handler-failed", { handler: "onLink", error: messageOf(error) });
    }
  }

  #log(state: string, why: LinkCause | undefined, retryMs: number, isNew: boolean): void {
    const { log, clock } = this.#options;
    this.#repeats = isNew ? 0 : this.#repeats + 1;
    if (why === undefined) {
      if (isNew) log.info(`cloud-${state}`);
      return;
    }
    const { code, text, detail } = why;
    const attempts = this.#repeats === 0 ? undefined : this.#repeats + 1;
    const retry = Math.round(retryMs);
    // Logged, since a wrong clock can be behind many causes.
    const clockShows = isoTime(clock.wallNow());
    const fields = { code, words: text, detail, clock: clockShows, attempts, retryMs: retry };
    const due = this.#loggedAt === undefined || clock.now() - this.#loggedAt >= remindEvery;
    if (isNew || due) {
      this.#loggedAt = clock.now();
      log.warn("cloud-offline", fields);
    } else {
      log.debug("cloud-offline", fields);
    }
  }
}
