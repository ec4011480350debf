/**
 * Folder link/: maintains the connection to the hub: provisions, connects, classifies failures, waits, retries.
 *
 * Opens connections to the hub one after another until `close`.
 *
 * Guarantees: at most one connection at a time; only `close` ends the loop, never a failure of the SDK, the network,
 * the disk or a handler; `report` and `send` always settle.
 */

import { isTrustedWallTime } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { isoTime } from "../../base/iso-time.ts";
import { type ReportedState, StatusReporter } from "../../base/reconnect/status-reporter.ts";
import { type Millis, millis } from "../../base/units.ts";
import type { HubTarget } from "../credentials/credentials.ts";
import { CommandDispatcher } from "../session/command-dispatcher.ts";
import { causeOf, Session } from "../session/session.ts";
import { cause, type LinkCause, type Peer } from "./cause.ts";
import { type HubConnection, openHub } from "./hub-connection.ts";
import type { CloudLink, CloudOptions, Outcome, TelemetryMessage } from "./link.ts";
import { CloudNotes } from "./notes.ts";
import { provision } from "./provision.ts";
import { type Ending, type History, noHistory, planNext } from "./reconnect.ts";
import { type CloudTuning, defaultTuning, renewAfter } from "./tuning.ts";

export class Supervisor implements CloudLink {
  readonly #options: CloudOptions;
  readonly #tuning: CloudTuning;
  readonly #random: () => number;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #notes: CloudNotes | undefined;
  #dispatcher: CommandDispatcher | undefined;
  /** The connection that is online. */
  #online: { readonly connection: HubConnection; readonly session: Session } | undefined;
  #closed = false;
  readonly #reporter: StatusReporter<LinkCause>;

  constructor(options: CloudOptions) {
    this.#options = options;
    this.#tuning = { ...defaultTuning, ...options.tuning };
    const { clock, log } = options;
    this.#reporter = new StatusReporter({
      clock,
      log,
      name: "cloud",
      onChange: (state, why) => this.#linkChanged(state, why),
    });
    this.#random = options.random ?? Math.random;
    this.#running = this.#run().catch((error: unknown) => {
      options.log.error("cloud-ended", { error: messageOf(error) });
    });
  }

  async report(patch: Readonly<Record<string, unknown>>): Promise<Outcome> {
    // Twice the bound of telemetry, so that telemetry cannot block reports.
    return this.#attempt("report", this.#tuning.maxInFlight * 2, (connection) => connection.report(patch));
  }

  async send(message: TelemetryMessage): Promise<Outcome> {
    return this.#attempt("send", this.#tuning.maxInFlight, (connection) => connection.send(message));
  }

  refetchTwin(): void {
    this.#online?.session.refetchTwin();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#online?.connection.close(cause("dropped", this.#peer(), "closing"));
    this.#closing.abort();
    await this.#running;
  }

  /** The handler may throw. */
  #linkChanged(state: ReportedState, why: LinkCause | undefined): void {
    const { log, handlers } = this.#options;
    try {
      if (state !== "none") handlers.onLink(state, why);
    } catch (error) {
      log.error("cloud-handler-failed", { handler: "onLink", error: messageOf(error) });
    }
  }

  async #attempt(
    call: string,
    max: number,
    act: (connection: HubConnection) => Promise<void>,
  ): Promise<Outcome> {
    const connection = this.#online?.connection;
    if (connection === undefined || connection.pending >= max) return "failed";
    try {
      await act(connection);
      return "ok";
    } catch (error) {
      this.#options.log.debug("cloud-call-failed", { what: call, error: messageOf(error) });
      return "failed";
    }
  }

  async #run(): Promise<void> {
    const { log, credentials, dataPath, files, clock, handlers } = this.#options;
    const notes = await CloudNotes.open(dataPath, files, credentials.target);
    this.#notes = notes;
    this.#dispatcher = new CommandDispatcher({
      clock,
      log,
      tuning: this.#tuning,
      onCommand: async (name, parameter) => handlers.onCommand(name, parameter),
      isRepeated: (id) => notes.isRepeated(id),
    });
    let history: History = noHistory;
    let askDps = false;
    while (!this.#closed) {
      if (history.failures === 0) this.#reporter.report("connecting");
      const ending = await this.#connectOnce(askDps);
      if (this.#closed) break;
      const plan = planNext(history, ending, this.#tuning, this.#random());
      history = plan.history;
      askDps = plan.provision;
      if (plan.cause.code !== "renewal") this.#reporter.report("offline", plan.cause, plan.waitMs);
      await this.#wait(plan.waitMs);
    }
    this.#reporter.report("offline");
  }

  /** One connection from beginning to end. Never rejects. */
  async #connectOnce(askDps: boolean): Promise<Ending> {
    const { credentials, clock, sharesClock = false } = this.#options;
    let peer = this.#peer();
    let provisioned = false;
    let onlineSince: Millis | undefined;
    const ended = (why: LinkCause, attempted = true): Ending => {
      const onlineMs = onlineSince === undefined ? undefined : millis(clock.now() - onlineSince);
      return { cause: why, peer, attempted, provisioned, onlineMs };
    };
    // No token is signed, and no certificate judged, by a clock that is known to be wrong.
    if (!sharesClock && !isTrustedWallTime(clock.wallNow())) {
      return ended(cause("clock-wrong", peer, `it shows ${isoTime(clock.wallNow()).slice(0, 10)}`), false);
    }
    try {
      let hub: HubTarget;
      if (credentials.target.kind === "hub") hub = credentials.target;
      else {
        const assigned = askDps ? undefined : this.#notes?.assigned;
        provisioned = assigned === undefined;
        hub = assigned ?? (await this.#askDps());
      }
      peer = { host: hub.host, role: "the hub" };
      const why = await this.#runSession(hub, peer, () => {
        onlineSince = clock.now();
      });
      return ended(why);
    } catch (error) {
      return ended(causeOf(error, peer));
    } finally {
      this.#online = undefined;
    }
  }

  async #askDps(): Promise<HubTarget> {
    const { credentials, log } = this.#options;
    if (credentials.target.kind !== "dps") throw new Error("these credentials have no DPS");
    const hub = await provision({ ...this.#common(), target: credentials.target, proof: credentials.proof });
    log.info("cloud-provisioned", { hub: hub.host, deviceId: hub.deviceId });
    await this.#notes?.assign(hub).catch((error: unknown) => {
      log.warn("cloud-notes-failed", { error: messageOf(error) });
    });
    return hub;
  }

  /** One session on a new connection. @throws LinkFailure or TwinRefused when it could not start */
  async #runSession(hub: HubTarget, peer: Peer, onOnline: () => void): Promise<LinkCause> {
    const { credentials, clock, log, handlers } = this.#options;
    const dispatcher = this.#dispatcher;
    if (dispatcher === undefined) throw new Error("not running");
    dispatcher.newLink();
    const session = new Session({ clock, log, tuning: this.#tuning, handlers, dispatcher, peer });
    let connection: HubConnection | undefined;
    try {
      connection = await openHub({
        ...this.#common(),
        target: hub,
        proof: credentials.proof,
        onInbound: session.onInbound,
        onFault: (error) => log.warn("cloud-message-refused", { error: messageOf(error) }),
      });
      this.#online = { connection, session };
      await session.start(connection);
      onOnline();
      this.#reporter.report("online");
      return await this.#untilEnd(connection, peer);
    } finally {
      this.#online = undefined;
      session.end();
      await connection?.close(cause("dropped", peer));
    }
  }

  async #untilEnd(connection: HubConnection, peer: Peer): Promise<LinkCause> {
    const { clock, credentials } = this.#options;
    if (credentials.proof.kind === "certificate") return connection.ended;
    const until = renewAfter(this.#tuning.tokenMs, this.#random());
    const cancel = clock.setTimer(until, () => void connection.close(cause("renewal", peer)));
    try {
      return await connection.ended;
    } finally {
      cancel();
    }
  }

  #common() {
    const { modelId, refuseHost, clock, credentials, caPem = credentials.caPem } = this.#options;
    return { modelId, caPem, refuseHost, clock, tuning: this.#tuning, signal: this.#closing.signal };
  }

  async #wait(waitMs: Millis): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const cancel = clock.setTimer(waitMs, done);
      signal.addEventListener("abort", done);
    });
  }

  /** The first host of the next attempt. */
  #peer(): Peer {
    const { target } = this.#options.credentials;
    if (target.kind === "hub") return { host: target.host, role: "the hub" };
    return { host: target.endpoint, role: "DPS" };
  }
}
