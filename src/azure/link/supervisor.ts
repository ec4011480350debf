/**
 * Keeps a connection to the hub: one after another, each on a fresh client, until it is closed.
 *
 * Guarantees: at most one connection at a time; the loop ends only by `close`; no failure of the SDK, the network,
 * the disk or a handler ends it or gets out of it; `report` and `send` always settle.
 */
import { messageOf } from "../../base/errors.ts";
import { earliestWallTime } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import { type Millis, millis } from "../../base/units.ts";
import type { HubWay } from "../credentials/credentials.ts";
import { CommandDispatcher } from "../session/command-dispatcher.ts";
import { causeOf, Session } from "../session/session.ts";
import { cause, type LinkCause, type Peer } from "./cause.ts";
import { type HubConnection, openHub } from "./hub-connection.ts";
import type { CloudLink, CloudOptions, Outcome, TelemetryMessage } from "./link.ts";
import { CloudNotes } from "./notes.ts";
import { provision } from "./provision.ts";
import { type Ending, type History, noHistory, planNext } from "./reconnect.ts";
import { LinkStatusReporter } from "./status-reporter.ts";
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
  readonly #news: LinkStatusReporter;

  constructor(options: CloudOptions) {
    this.#options = options;
    this.#tuning = { ...defaultTuning, ...options.tuning };
    this.#news = new LinkStatusReporter(options);
    this.#random = options.random ?? Math.random;
    this.#running = this.#run().catch((error: unknown) => {
      options.log.error("cloud-ended", { error: messageOf(error) });
    });
  }

  async report(patch: Readonly<Record<string, unknown>>): Promise<Outcome> {
    // Telemetry that fills its bound is not to shut out what is reported.
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

  async #attempt(
    what: string,
    most: number,
    act: (connection: HubConnection) => Promise<void>,
  ): Promise<Outcome> {
    const connection = this.#online?.connection;
    if (connection === undefined || connection.pending >= most) return "failed";
    try {
      await act(connection);
      return "ok";
    } catch (error) {
      this.#options.log.debug("cloud-call-failed", { what, error: messageOf(error) });
      return "failed";
    }
  }

  async #run(): Promise<void> {
    const { log, credentials, dataPath, files, clock, handlers } = this.#options;
    const notes = await CloudNotes.open(dataPath, files, credentials.way);
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
      if (history.failures === 0) this.#news.tell("connecting");
      const ending = await this.#live(askDps);
      if (this.#closed) break;
      const plan = planNext(history, ending, this.#tuning, this.#random());
      history = plan.history;
      askDps = plan.provision;
      if (plan.cause.code !== "renewal") this.#news.tell("offline", plan.cause, plan.waitMs);
      await this.#wait(plan.waitMs);
    }
    this.#news.tell("offline");
  }

  /** One connection from beginning to end. Never rejects. */
  async #live(askDps: boolean): Promise<Ending> {
    const { credentials, clock, sharesClock = false } = this.#options;
    let peer = this.#peer();
    let provisioned = false;
    let onlineSince: Millis | undefined;
    const ended = (why: LinkCause, attempted = true): Ending => {
      const onlineMs = onlineSince === undefined ? undefined : millis(clock.now() - onlineSince);
      return { cause: why, peer, attempted, provisioned, onlineMs };
    };
    if (!sharesClock && clock.wallNow() < earliestWallTime) {
      return ended(cause("clock-wrong", peer, `before ${isoTime(earliestWallTime).slice(0, 10)}`), false);
    }
    try {
      let hub: HubWay;
      if (credentials.way.kind === "hub") hub = credentials.way;
      else {
        const remembered = askDps ? undefined : this.#notes?.assigned;
        provisioned = remembered === undefined;
        hub = remembered ?? (await this.#askDps());
      }
      peer = { host: hub.host, role: "the hub" };
      const why = await this.#converse(hub, peer, () => {
        onlineSince = clock.now();
      });
      return ended(why);
    } catch (error) {
      return ended(causeOf(error, peer));
    } finally {
      this.#online = undefined;
    }
  }

  async #askDps(): Promise<HubWay> {
    const { credentials, log } = this.#options;
    if (credentials.way.kind !== "dps") throw new Error("there is no DPS to ask");
    const hub = await provision({ ...this.#common(), way: credentials.way, proof: credentials.proof });
    log.info("cloud-provisioned", { hub: hub.host, deviceId: hub.deviceId });
    await this.#notes?.assign(hub).catch((error: unknown) => {
      log.warn("cloud-notes-failed", { error: messageOf(error) });
    });
    return hub;
  }

  /** @throws LinkFailure or TwinRefused when it could not be begun */
  async #converse(hub: HubWay, peer: Peer, onOnline: () => void): Promise<LinkCause> {
    const { credentials, clock, log, handlers } = this.#options;
    const dispatcher = this.#dispatcher;
    if (dispatcher === undefined) throw new Error("not running");
    dispatcher.newLink();
    const session = new Session({ clock, log, tuning: this.#tuning, handlers, dispatcher, peer });
    let connection: HubConnection | undefined;
    try {
      connection = await openHub({
        ...this.#common(),
        way: hub,
        proof: credentials.proof,
        onInbound: session.onInbound,
        onFault: (error) => log.warn("cloud-message-refused", { error: messageOf(error) }),
      });
      this.#online = { connection, session };
      await session.start(connection);
      onOnline();
      this.#news.tell("online");
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

  /** Whom the next attempt is for, as far as that is known. */
  #peer(): Peer {
    const { way } = this.#options.credentials;
    if (way.kind === "hub") return { host: way.host, role: "the hub" };
    return { host: way.endpoint, role: "DPS" };
  }
}
