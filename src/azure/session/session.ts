/**
 * What is said on one connection: the twin, its patches, and commands.
 *
 * Guarantees: desired patches are subscribed to before the twin is got, so that no change falls between the two;
 * `onTwin` comes first, then every patch that came since; a handler that throws harms nothing; nothing is handed on
 * after `end`.
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

/** More than come within a twin request. Where one was lost, the twin is got again. */
const maxHeld = 128;
const twinAttempts = 3;

export class Session {
  readonly #options: SessionOptions;
  #connection: HubConnection | undefined;
  /** Patches that wait for the twin; `undefined` while none has to. */
  #held: Desired[] | undefined = [];
  /** One was lost that would have had to wait. */
  #lost = false;
  #fetching: "idle" | "under-way" | "once-more" = "idle";
  #over = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Resolves when the twin was handed on. @throws what ended the connection, or TwinRefused */
  async start(connection: HubConnection): Promise<void> {
    this.#connection = connection;
    this.#fetching = "under-way";
    await connection.subscribe();
    await this.#fetch(connection);
  }

  end(): void {
    this.#over = true;
    this.#connection = undefined;
    this.#held = [];
  }

  /** What the hub sends, from the first packet on. */
  readonly onInbound = (inbound: Inbound): void => {
    if (this.#over) return;
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
      this.#fetching = "once-more";
      return;
    }
    this.#fetching = "under-way";
    void this.#fetch(connection).catch(async (error: unknown) => {
      // A twin that cannot be got leaves nothing to go by; a fresh connection begins with it.
      if (!this.#over) await connection.close(causeOf(error, this.#options.peer));
    });
  }

  /** As often as it was asked for, one after another. */
  async #fetch(connection: HubConnection): Promise<void> {
    try {
      do {
        this.#fetching = "under-way";
        await this.#handTwin(connection);
      } while (this.#wantedOnceMore());
    } finally {
      this.#fetching = "idle";
    }
  }

  #wantedOnceMore(): boolean {
    return this.#fetching === "once-more" && !this.#over;
  }

  async #handTwin(connection: HubConnection): Promise<void> {
    this.#held ??= [];
    const document = await this.#getTwin(connection);
    if (this.#over) return;
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#guarded("onTwin", () => this.#options.handlers.onTwin(document));
    for (const patch of held) this.#handPatch(patch);
    // The last ones leave no gap in the versions that would show it.
    if (this.#lost) this.#fetching = "once-more";
    this.#lost = false;
  }

  /** Throttled and failing hubs are asked again on the same connection: a new one would cost them more. */
  async #getTwin(connection: HubConnection): Promise<unknown> {
    const { clock, tuning, log } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await connection.getTwin();
      } catch (error) {
        if (!(error instanceof TwinRefused) || attempt >= twinAttempts || this.#over) throw error;
        log.warn("cloud-twin-refused", { status: error.status });
        await Promise.race([clock.sleep(millis(tuning.floorMs * 2 * attempt)), connection.ended]);
      }
    }
  }

  #takePatch(patch: Desired): void {
    if (this.#held === undefined) this.#handPatch(patch);
    else if (this.#held.length < maxHeld) this.#held.push(patch);
    else this.#lost = true;
  }

  #handPatch({ patch, version }: Desired): void {
    this.#guarded("onPatch", () => this.#options.handlers.onPatch(patch, version));
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

  #guarded(handler: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.log.error("cloud-handler-failed", { handler, error: messageOf(error) });
    }
  }
}

/** Why a conversation ended that threw `error`. */
export function causeOf(error: unknown, peer: Peer): LinkCause {
  if (error instanceof LinkFailure) return error.linkCause;
  if (!(error instanceof TwinRefused)) return cause("unknown", peer, messageOf(error));
  const detail = `twin ${error.status}`;
  if (error.status === 429) return cause("throttled", peer, detail);
  return cause(error.status >= 500 ? "service-failed" : "protocol", peer, detail);
}
