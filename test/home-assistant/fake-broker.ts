/**
 * A broker without a wire, in virtual time: keeps retained messages, publishes wills, refuses, cuts, floods and falls silent
 * as it is told. Others publish and listen beside the device.
 */
import type { Clock } from "../../src/base/clock.ts";
import { type Millis, millis } from "../../src/base/units.ts";
import {
  type BrokerConnection,
  BrokerFailure,
  type BrokerOptions,
  type OpenBroker,
  type RetainedMessage,
} from "../../src/home-assistant/link/broker.ts";
import { type BrokerCause, type CauseCode, cause } from "../../src/home-assistant/link/cause.ts";

export interface Published extends RetainedMessage {
  readonly atMs: Millis;
}

export class FakeBroker {
  /** What the next attempts fail with. */
  refuses: CauseCode | undefined;
  /** Answers nothing, but keeps connections: a black hole. */
  isSilent = false;
  /** What each message takes, one way. */
  delay = millis(2);
  readonly retained = new Map<string, string>();
  /** Every message that reached the broker, also wills. */
  readonly published: Published[] = [];
  readonly attempts: Millis[] = [];
  readonly #clock: Clock;
  readonly #connections = new Set<FakeConnection>();
  #listeners: ((message: RetainedMessage) => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly open: OpenBroker = (options) => {
    this.attempts.push(this.#clock.now());
    const connection = new FakeConnection(this, this.#clock, options);
    this.#connections.add(connection);
    return connection;
  };

  get isConnected(): boolean {
    return [...this.#connections].some(({ isOpen }) => isOpen);
  }

  /** Somebody else, such as Home Assistant. */
  onPublish(listener: (message: RetainedMessage) => void): void {
    this.#listeners.push(listener);
  }

  /** Somebody else publishes. */
  say(topic: string, text: string | Uint8Array, retained = false): void {
    const payload = typeof text === "string" ? new TextEncoder().encode(text) : text;
    if (retained && typeof text === "string") this.retained.set(topic, text);
    for (const connection of this.#connections) connection.deliver(topic, payload, false);
  }

  /** The network breaks: the broker publishes the will. */
  cut(why: CauseCode = "dropped", closedByPeer = false): void {
    for (const connection of this.#connections) connection.drop(why, closedByPeer);
  }

  take({ topic, text }: RetainedMessage): void {
    if (text === "") this.retained.delete(topic);
    else this.retained.set(topic, text);
    this.published.push({ topic, text, atMs: this.#clock.now() });
    for (const listener of this.#listeners) listener({ topic, text });
  }

  gone(connection: FakeConnection): void {
    this.#connections.delete(connection);
  }
}

class FakeConnection implements BrokerConnection {
  readonly opened: Promise<void>;
  readonly ended: Promise<BrokerCause>;
  isOpen = false;
  readonly #broker: FakeBroker;
  readonly #clock: Clock;
  readonly #options: BrokerOptions;
  readonly #waiting = new Set<() => void>();
  #topics: readonly string[] = [];
  #cause: BrokerCause | undefined;
  #resolveEnded: (why: BrokerCause) => void = () => {};

  constructor(broker: FakeBroker, clock: Clock, options: BrokerOptions) {
    this.#broker = broker;
    this.#clock = clock;
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.opened = this.#answered(options.tuning.connectMs, () => {
      if (broker.refuses !== undefined) return this.drop(broker.refuses, false);
      this.isOpen = true;
    });
    this.opened.catch(() => undefined);
  }

  subscribe(topics: readonly string[]): Promise<void> {
    return this.#answered(this.#options.tuning.callMs, () => {
      this.#topics = topics;
      for (const [topic, text] of this.#broker.retained)
        this.deliver(topic, new TextEncoder().encode(text), true);
    });
  }

  publish(message: RetainedMessage): Promise<void> {
    return this.#answered(this.#options.tuning.callMs, () => this.#broker.take(message));
  }

  async close(): Promise<void> {
    this.isOpen = false;
    this.#end("dropped", false);
  }

  deliver(topic: string, payload: Uint8Array, retained: boolean): void {
    const isWanted = this.#topics.some((filter) =>
      filter.endsWith("+") ? topic.startsWith(filter.slice(0, -1)) : topic === filter,
    );
    if (!isWanted) return;
    this.#clock.setTimer(this.#broker.delay, () => {
      if (this.#cause === undefined && !this.#broker.isSilent)
        this.#options.onMessage({ topic, payload, retained });
    });
  }

  drop(why: CauseCode, closedByPeer: boolean): void {
    const wasOpen = this.isOpen;
    this.isOpen = false;
    if (wasOpen) this.#broker.take(this.#options.will);
    this.#end(why, closedByPeer);
  }

  #end(code: CauseCode, closedByPeer: boolean): void {
    if (this.#cause !== undefined) return;
    const why = cause(code, this.#options.access);
    this.#cause = closedByPeer ? { ...why, closedByPeer } : why;
    this.#broker.gone(this);
    for (const settle of [...this.#waiting]) settle();
    this.#resolveEnded(this.#cause);
  }

  /** There and back again; `act` is what the broker does in between. */
  #answered(limit: Millis, act: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (): void =>
        reject(new BrokerFailure(this.#cause ?? cause("dropped", this.#options.access)));
      if (this.#cause !== undefined) return fail();
      const over = (): void => {
        cancel();
        this.#waiting.delete(over);
        if (this.#cause === undefined) resolve();
        else fail();
      };
      const cancel = this.#clock.setTimer(limit, () => this.drop("timeout", false));
      this.#waiting.add(over);
      this.#clock.setTimer(this.#broker.delay, () => {
        if (this.#cause !== undefined || this.#broker.isSilent) return;
        act();
        this.#clock.setTimer(this.#broker.delay, over);
      });
    });
  }
}
