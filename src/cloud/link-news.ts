/**
 * Tells the firmware and the log how the link is.
 *
 * Guarantee: the handler hears of a state or a cause when it changes, not at every attempt; it may throw.
 */
import type { LinkCause } from "./cause.ts";
import type { CloudOptions } from "./link.ts";

export class LinkNews {
  readonly #options: Pick<CloudOptions, "log" | "handlers" | "clock">;
  #told = "";

  constructor(options: Pick<CloudOptions, "log" | "handlers" | "clock">) {
    this.#options = options;
  }

  /** @param retryMs until the next attempt */
  tell(state: "connecting" | "online" | "offline", why?: LinkCause, retryMs = 0): void {
    const { log, handlers, clock } = this.#options;
    if (state === "online") log.info("cloud-online");
    if (why !== undefined) {
      const { code, words, detail } = why;
      // A wrong clock hides behind many a cause.
      const clockSays = new Date(clock.wallNow()).toISOString();
      log.warn("cloud-offline", {
        cause: code,
        words,
        detail,
        clock: clockSays,
        retryMs: Math.round(retryMs),
      });
    }
    const news = `${state} ${why?.code ?? ""}`;
    if (news === this.#told) return;
    this.#told = news;
    try {
      handlers.onLink(state, why);
    } catch (error) {
      log.error("cloud-handler-failed", { handler: "onLink", error: String(error) });
    }
  }
}
