/**
 * Tells the firmware and the log how the link is.
 *
 * Guarantee: handler and log hear of a state or a cause when it changes, not at every attempt; while it lasts the log
 * is reminded once an hour. The handler may throw.
 */
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { isoTime } from "../../base/iso-time.ts";
import type { Log } from "../../base/log.ts";
import { hours, type Millis } from "../../base/units.ts";
import type { LinkCause } from "./cause.ts";
import type { CloudHandlers } from "./link.ts";

export interface LinkNewsOptions {
  readonly log: Log;
  readonly handlers: Pick<CloudHandlers, "onLink">;
  readonly clock: Clock;
}

const remindEvery = hours(1);

export class LinkStatusReporter {
  readonly #options: LinkNewsOptions;
  #told = "";
  /** Attempts in a row that ended as the one before them. */
  #alike = 0;
  #loggedAt: Millis | undefined;

  constructor(options: LinkNewsOptions) {
    this.#options = options;
  }

  /** @param retryMs until the next attempt */
  tell(state: "connecting" | "online" | "offline", why?: LinkCause, retryMs = 0): void {
    const { log, handlers } = this.#options;
    const news = `${state} ${why?.code ?? ""}`;
    const isNew = news !== this.#told;
    this.#told = news;
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
    this.#alike = isNew ? 0 : this.#alike + 1;
    if (why === undefined) {
      if (isNew) log.info(`cloud-${state}`);
      return;
    }
    const { code, words, detail } = why;
    const attempts = this.#alike === 0 ? undefined : this.#alike + 1;
    const retry = Math.round(retryMs);
    // A wrong clock hides behind many a cause.
    const clockSays = isoTime(clock.wallNow());
    const fields = { code, words, detail, clock: clockSays, attempts, retryMs: retry };
    const due = this.#loggedAt === undefined || clock.now() - this.#loggedAt >= remindEvery;
    if (isNew || due) {
      this.#loggedAt = clock.now();
      log.warn("cloud-offline", fields);
    } else {
      log.debug("cloud-offline", fields);
    }
  }
}
