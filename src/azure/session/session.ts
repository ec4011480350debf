/**
 * Folder session/: the messages of one connection: the twin, its patches, and commands.
 *
 * Guarantees: desired patches are subscribed to before the twin is requested, so that no change is missed; `onTwin` is
 * called first, then `onPatch` for every later patch; a throwing handler has no effect; no handler is called after
 * `end`.
 */
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { millis } from "../../base/units.ts";
import { cause, type LinkCause, type Peer } from "../link/cause.ts";
import { type HubConnection, TwinRefused } from "../link/hub-connection.ts";
import type { CloudHandlers } from "../link/link.ts";
import { LinkFailure } from "../link/link-failure.ts";
import type { CloudTuning } from "../link/tuning.ts";
import type { Inbound } from "../sdk/inbound.ts";
import type { CommandDispatcher } from "./command-dispatcher.ts";

export interface SessionOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly tuning: CloudTuning;
  readonly handlers: Pick<CloudHandlers, "onTwin" | "onPatch">;
  readonly dispatcher: CommandDispatcher;
  readonly peer: Peer;
}

type Desired = Extract<Inbound, { kind: "desired" }>;

/** More patches than usually arrive during a twin request. If one is lost, the twin is requested again. */
const maxWaiting = 128;
const twinAttempts = 3;

export class Session {
  readonly #options: SessionOptions;
  #connection: HubConnection | undefined;
  /** Patches that wait for the twin; `undefined` when there is no request. */
  #waiting: Desired[] | undefined = [];
  /** A waiting patch was lost because there were too many. */
  #lost = false;
  #fetching: "idle" | "under-way" | "requested-again" = "idle";
  #ended = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Resolves after `onTwin`. @throws LinkFailure or TwinRefused */
  async start(connection: HubConnection): Promise<void> {
    this.#connection = connection;
    this.#fetching = "under-way";
    await connection.subscribe();
    await this.#fetch(connection);
  }

  end(): void {
    this.#ended = true;
    this.#connection = undefined;
    this.#waiting = [];
  }

  /** What the hub sends, from the first packet on. */
  readonly onInbound = (inbound: Inbound): void => {
    if (this.#ended) return;
    switch (inbound.kind) {
      case "desired":
        this.#takePatch(inbound);
        return;
      case "method":
        void this.#answer(inbound);
        return;
      case "message":
        void this.#options.dispatcher.message(inbound.message);
        return;
      case "ignored":
        this.#options.log.warn("cloud-message-ignored", { why: inbound.why });
        return;
      case "twin-reply":
      case "registration-reply":
        return;
    }
  };

  refetchTwin(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    if (this.#fetching !== "idle") {
      this.#fetching = "requested-again";
      return;
    }
    this.#fetching = "under-way";
    void this.#fetch(connection).catch(async (error: unknown) => {
      // Without a twin there is no valid state; a new connection begins with a twin request.
      if (!this.#ended) await connection.close(causeOf(error, this.#options.peer));
    });
  }

  /** One request after another, as long as another is requested. */
  async #fetch(connection: HubConnection): Promise<void> {
    try {
      do {
        this.#fetching = "under-way";
        await this.#requestTwin(connection);
      } while (this.#isRequestedAgain());
    } finally {
      this.#fetching = "idle";
    }
  }

  #isRequestedAgain(): boolean {
    return this.#fetching === "requested-again" && !this.#ended;
  }

  async #requestTwin(connection: HubConnection): Promise<void> {
    this.#waiting ??= [];
    const document = await this.#getTwin(connection);
    if (this.#ended) return;
    const patches = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#callHandler("onTwin", () => this.#options.handlers.onTwin(document));
    for (const patch of patches) this.#callOnPatch(patch);
    // A loss at the end leaves no version gap, so it must be requested explicitly.
    if (this.#lost) this.#fetching = "requested-again";
    this.#lost = false;
  }

  /** Retries on the same connection: a new one would put more load on a throttling hub. */
  async #getTwin(connection: HubConnection): Promise<unknown> {
    const { clock, tuning, log } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await connection.getTwin();
      } catch (error) {
        if (!(error instanceof TwinRefused) || attempt >= twinAttempts || this.#ended) throw error;
        log.warn("cloud-twin-refused", { status: error.status });
        await Promise.race([clock.sleep(millis(tuning.floorMs * 2 * attempt)), connection.ended]);
      }
    }
  }

  #takePatch(patch: Desired): void {
    if (this.#waiting === undefined) this.#callOnPatch(patch);
    else if (this.#waiting.length < maxWaiting) this.#waiting.push(patch);
    else this.#lost = true;
  }

  #callOnPatch({ patch, version }: Desired): void {
    this.#callHandler("onPatch", () => this.#options.handlers.onPatch(patch, version));
  }

  async #answer({ name, requestId, payload }: Extract<Inbound, { kind: "method" }>): Promise<void> {
    const { dispatcher, log } = this.#options;
    const reply = await dispatcher.method(name, requestId, payload);
    log.info("cloud-command", { command: name.slice(0, 64), status: reply.status });
    try {
      await this.#connection?.answer(requestId, reply.status, reply.payload);
    } catch (error) {
      log.warn("cloud-answer-lost", { command: name.slice(0, 64), error: messageOf(error) });
    }
  }

  #callHandler(handler: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.log.error("cloud-handler-failed", { handler, error: messageOf(error) });
    }
  }
}

/** The cause of a session that ended with `error`. */
export function causeOf(error: unknown, peer: Peer): LinkCause {
  if (error instanceof LinkFailure) return error.linkCause;
  if (!(error instanceof TwinRefused)) return cause("unknown", peer, messageOf(error));
  const detail = `twin ${error.status}`;
  if (error.status === 429) return cause("throttled", peer, detail);
  return cause(error.status >= 500 ? "service-failed" : "protocol", peer, detail);
}
