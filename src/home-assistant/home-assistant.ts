/**
 * Folder home-assistant/: the device in Home Assistant, over MQTT with device discovery.
 *
 * Keeps a connection to the broker, publishes the device's description and state, and forwards commands.
 *
 * Guarantees: at most one connection at a time; only `close` ends it, never a failure of the broker or the
 * network; a retained command is ignored, and so are commands sent while this device was disconnected; once
 * changes have stopped, the broker has the state in force. A clean end publishes "offline" itself, any other
 * end leaves that to the broker (the will). Nothing here throws into the event loop.
 */
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import { LatestWins } from "../base/latest-wins.ts";
import type { Log } from "../base/log.ts";
import { RateLimit } from "../base/rate-limit.ts";
import { noAttempts } from "../base/reconnect/pause.ts";
import { StatusReporter } from "../base/reconnect/status-reporter.ts";
import { type Millis, millis, minutes } from "../base/units.ts";
import type { LinkState } from "../control/input.ts";
import {
  type BrokerAccess,
  type BrokerConnection,
  BrokerFailure,
  type OpenBroker,
  type ReceivedMessage,
} from "./link/broker.ts";
import { type BrokerCause, cause, causeOf, needsPerson } from "./link/cause.ts";
import { CommandQueue } from "./link/command-queue.ts";
import { type Ending, planNext } from "./link/reconnect.ts";
import { type BrokerTuning, defaultTuning } from "./link/tuning.ts";
import { type TopicNames, topicsOf } from "./topics.ts";

export type { BrokerAccess, Hidden, OpenBroker } from "./link/broker.ts";
export { isTopicName, type TopicNames, topicsOf } from "./topics.ts";

export interface HomeAssistantOptions {
  readonly access: BrokerAccess;
  readonly names: TopicNames;
  readonly clock: Clock;
  readonly log: Log;
  readonly open: OpenBroker;
  readonly tuning?: Partial<BrokerTuning> | undefined;
  readonly refuseHost?: ((host: string) => Error | undefined) | undefined;
  /** Uniform in 0…1. */
  readonly random?: (() => number) | undefined;
  /** The discovery document; published again when it changes. */
  readonly discovery: () => string;
  /** The state; published when it changes. */
  readonly state: () => string;
  /** Executes a command; resolves when it is in force. @returns why it was refused; `undefined`: it was not */
  readonly onCommand: (name: string, text: string) => Promise<string | undefined>;
  readonly isCommand: (name: string) => boolean;
  /** Called when `state` or `failure` has changed. */
  readonly onChange: () => void;
}

const online = "online";
const offline = "offline";
/** After a start of Home Assistant, each device waits a random time up to this before it publishes. */
const maxRepublishDelay = millis(1000);
const maxPayload = 256;
const refusalLines = { max: 1, within: minutes(1) };

/** One connection, and what was published on it. */
interface Session {
  readonly connection: BrokerConnection;
  discovery: string | undefined;
  state: string | undefined;
  publishedAt: number;
  isAnnounced: boolean;
}

export class HomeAssistant {
  readonly #options: HomeAssistantOptions;
  readonly #tuning: BrokerTuning;
  readonly #topics: ReturnType<typeof topicsOf>;
  readonly #random: () => number;
  readonly #publisher = new LatestWins(() => this.#publish());
  readonly #commands: CommandQueue;
  readonly #status: StatusReporter<BrokerCause>;
  readonly #refusals: RateLimit;
  readonly #running: Promise<void>;
  #session: Session | undefined;
  #wake: () => void = () => {};
  #cancelRepublish: () => void = () => {};
  #closed = false;

  constructor(options: HomeAssistantOptions) {
    this.#options = options;
    const { clock, log, names, tuning, random, onChange } = options;
    this.#tuning = { ...defaultTuning, ...tuning };
    this.#topics = topicsOf(names);
    this.#random = random ?? Math.random;
    this.#refusals = new RateLimit(clock, refusalLines);
    this.#status = new StatusReporter({ clock, log, name: "home-assistant", onChange });
    this.#commands = new CommandQueue(clock, log, (name, text) => this.#carryOut(name, text));
    this.#running = this.#run().catch((error: unknown) => {
      log.error("home-assistant-ended", { error: messageOf(error) });
    });
  }

  get state(): LinkState {
    return this.#status.state;
  }

  /** The cause, while a person must fix something. */
  get failure(): string | undefined {
    const why = this.#status.cause;
    return why !== undefined && needsPerson(why) ? why.text : undefined;
  }

  /** Call this when the device's state has changed, and at least once a second. */
  changed(): void {
    void this.#publisher.wake();
  }

  /** Never rejects; takes at most twice `closeMs`. */
  async close(): Promise<void> {
    if (this.#closed) return this.#running;
    this.#closed = true;
    this.#cancelRepublish();
    const session = this.#session;
    if (session !== undefined) {
      const { closeMs } = this.#tuning;
      await Promise.race([this.#publishOffline(session), this.#options.clock.sleep(closeMs)]);
      await session.connection.close();
    }
    this.#wake();
    await this.#running;
  }

  async #publishOffline({ connection }: Session): Promise<void> {
    await connection.publish({ topic: this.#topics.availability, text: offline }).catch(() => undefined);
  }

  async #run(): Promise<void> {
    let attempts = noAttempts;
    while (!this.#closed) {
      if (attempts.failures === 0) this.#status.report("connecting");
      const ending = await this.#connectOnce();
      if (this.#closed) break;
      const plan = planNext(attempts, ending, this.#tuning, this.#random());
      attempts = plan.attempts;
      this.#status.report("offline", plan.cause, plan.waitMs);
      await this.#wait(plan.waitMs);
    }
    this.#status.report("offline");
  }

  /** One connection from beginning to end. Never rejects. */
  async #connectOnce(): Promise<Ending> {
    const { access: peer, clock } = this.#options;
    let onlineSince: Millis | undefined;
    let connection: BrokerConnection | undefined;
    const ended = (why: BrokerCause): Ending => {
      const onlineMs = onlineSince === undefined ? undefined : millis(clock.now() - onlineSince);
      return { cause: why, peer, onlineMs };
    };
    try {
      connection = this.#open();
      await connection.opened;
      await connection.subscribe([this.#topics.commands, this.#topics.homeAssistant]);
      if (this.#closed) return ended(cause("dropped", peer));
      this.#session = {
        connection,
        discovery: undefined,
        state: undefined,
        publishedAt: clock.now(),
        isAnnounced: false,
      };
      await this.#publisher.wake();
      onlineSince = clock.now();
      if (this.#session?.isAnnounced) this.#status.report("online");
      return ended(await connection.ended);
    } catch (error) {
      return ended(error instanceof BrokerFailure ? error.failure : causeOf(error, peer));
    } finally {
      this.#session = undefined;
      this.#cancelRepublish();
      this.#commands.clear();
      await connection?.close();
    }
  }

  #open(): BrokerConnection {
    const { access, names, clock, open, refuseHost } = this.#options;
    return open({
      access,
      clientId: `grove-heater-${names.id}`,
      will: { topic: this.#topics.availability, text: offline },
      clock,
      tuning: this.#tuning,
      refuseHost,
      onMessage: (message) => this.#receive(message),
    });
  }

  /** Publishes what has changed: first the discovery document, then the state, then that the device is online. */
  async #publish(): Promise<void> {
    const session = this.#session;
    if (session === undefined || this.#closed) return;
    const { discovery, state, clock } = this.#options;
    const { connection } = session;
    try {
      const document = discovery();
      if (document !== session.discovery) {
        await connection.publish({ topic: this.#topics.discovery, text: document });
        session.discovery = document;
      }
      const now = state();
      const isDue = clock.now() - session.publishedAt >= this.#tuning.refreshMs;
      if (now !== session.state || isDue) {
        session.state = now;
        session.publishedAt = clock.now();
        await connection.publish({ topic: this.#topics.state, text: now });
      }
      if (session.isAnnounced || this.#closed) return;
      await connection.publish({ topic: this.#topics.availability, text: online });
      session.isAnnounced = true;
    } catch (error) {
      // The connection has ended; `#connectOnce` reports why.
      if (!(error instanceof BrokerFailure))
        this.#options.log.error("home-assistant-handler-failed", { error: messageOf(error) });
    }
  }

  #receive({ topic, payload, retained }: ReceivedMessage): void {
    const text = payload.byteLength > maxPayload ? undefined : Buffer.from(payload).toString("utf8");
    if (topic === this.#topics.homeAssistant) {
      if (text === online && !retained) this.#republish();
      return;
    }
    const name = this.#topics.commandOf(topic);
    if (name === undefined || !this.#options.isCommand(name)) this.#refuse("an unknown topic", topic);
    else if (retained) this.#refuse("a retained command: it may be old", topic);
    else if (text === undefined) this.#refuse("a payload that is too large", topic);
    else this.#commands.add(name, text);
  }

  /** Home Assistant has started and knows nothing: publish everything again. */
  #republish(): void {
    this.#cancelRepublish();
    this.#cancelRepublish = this.#options.clock.setTimer(millis(this.#random() * maxRepublishDelay), () => {
      const session = this.#session;
      if (session === undefined) return;
      Object.assign(session, { discovery: undefined, state: undefined, isAnnounced: false });
      this.changed();
    });
  }

  async #carryOut(name: string, text: string): Promise<void> {
    const refused = await this.#options.onCommand(name, text);
    if (refused !== undefined) this.#refuse(refused, this.#topics.command(name));
    // Also after a refusal: Home Assistant then shows what is in force.
    this.changed();
  }

  #refuse(why: string, topic: string): void {
    const leftOut = this.#refusals.admit();
    if (leftOut === undefined) return;
    const more = leftOut > 0 ? { refusedSince: leftOut } : {};
    this.#options.log.warn("home-assistant-command-refused", { topic: topic.slice(0, 128), why, ...more });
  }

  async #wait(waitMs: Millis): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.setTimer(waitMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
