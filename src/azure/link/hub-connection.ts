/**
 * One connection to an IoT Hub, made on a fresh client of the SDK and thrown away with it.
 *
 * Guarantees: `openHub` settles within `connectMs`; every call settles; `ended` resolves once, with the cause, and
 * then no socket is left; nothing that the hub sends reaches a parser of the SDK unread (see topics.ts).
 */

import type { HubWay } from "../credentials/credentials.ts";
import { makeClient, type SdkClient, sdkMessage, type Transport } from "../sdk/client.ts";
import { GuardedMqttBase, type Screen } from "../sdk/guarded-base.ts";
import { type Inbound, readInbound } from "../sdk/inbound.ts";
import { Wire } from "../sdk/wire.ts";
import { Calls, type Done, NoAnswer } from "./calls.ts";
import { cause, classify, type LinkCause, type Peer } from "./cause.ts";
import type { TelemetryMessage } from "./link.ts";
import { LinkFailure } from "./link-failure.ts";
import type { ProvisionOptions } from "./provision.ts";

/** What the way through DPS needs too, to another host. */
export interface HubOptions extends Omit<ProvisionOptions, "way"> {
  readonly way: HubWay;
  /** Desired patches, methods and messages, from the first packet on: a kept session delivers before it is asked. */
  readonly onInbound: (inbound: Inbound) => void;
  /** The SDK threw while it handled a message. */
  readonly onFault: (error: unknown) => void;
}

export interface HubConnection {
  readonly ended: Promise<LinkCause>;
  /** Resolves when desired patches, methods and messages are subscribed to. */
  subscribe(): Promise<void>;
  /** @throws TwinRefused; LinkFailure: when there was no answer in time, the connection is over */
  getTwin(): Promise<unknown>;
  /** @throws as `getTwin` */
  report(patch: Readonly<Record<string, unknown>>): Promise<void>;
  /** Resolves with the hub's PUBACK. @throws LinkFailure */
  send(message: TelemetryMessage): Promise<void>;
  answer(requestId: string, status: number, payload: unknown): Promise<void>;
  /** Calls under way. */
  readonly pending: number;
  /** Polite within `closeMs`, then not. */
  close(why: LinkCause): Promise<void>;
}

/** The hub answered, and said no. */
export class TwinRefused extends Error {
  override readonly name = "TwinRefused";
  readonly status: number;
  constructor(status: number) {
    super(`the hub answered ${status}`);
    this.status = status;
  }
}

/** @throws LinkFailure */
export async function openHub(options: HubOptions): Promise<HubConnection> {
  const connection = new SdkConnection(options);
  await connection.open();
  return connection;
}

class SdkConnection implements HubConnection {
  readonly ended: Promise<LinkCause>;
  readonly #options: HubOptions;
  readonly #peer: Peer;
  readonly #wire: Wire;
  readonly #calls: Calls;
  readonly #client: SdkClient;
  readonly #transport: Transport;
  #resolveEnded: (why: LinkCause) => void = () => {};
  /** Status of the twin's last answer; the SDK's callback follows at once. */
  #twinStatus = 0;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#peer = { host: options.way.host, role: "the hub" };
    this.#wire = new Wire({ ...options, ...options.tuning, host: options.way.host });
    this.#calls = new Calls(options.clock);
    const { tokenMs } = options.tuning;
    const base = new GuardedMqttBase(this.#wire, { screen: this.#screen, onFault: options.onFault });
    const made = makeClient({ ...options, tokenMs }, base);
    this.#client = made.client;
    this.#transport = made.transport;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    options.signal.addEventListener("abort", this.#abort);
  }

  get pending(): number {
    return this.#calls.count;
  }

  async open(): Promise<void> {
    const { tuning, proof, modelId, signal } = this.#options;
    const certificate =
      proof.kind === "certificate" ? { cert: proof.certificatePem, key: proof.keyPem.reveal() } : {};
    try {
      if (signal.aborted) throw new Error("closing");
      await this.#calls.make(tuning.connectMs, (done) =>
        this.#client.setOptions({ modelId, ...certificate }, done),
      );
      this.#wire.onEnd(() => this.#end(this.#name()));
      await this.#calls.make(tuning.connectMs, (done) => this.#client.open(done));
    } catch (sdk) {
      // That the connection ended is told by the wire: our own words for it are no news from the SDK.
      const why = this.#name(sdk instanceof LinkFailure ? undefined : sdk);
      this.#end(why);
      throw new LinkFailure(why);
    }
  }

  async subscribe(): Promise<void> {
    const transport = this.#transport;
    await Promise.all([
      this.#call<void>((done) => transport.enableTwinDesiredPropertiesUpdates(done)),
      this.#call<void>((done) => transport.enableMethods(done)),
      this.#call<void>((done) => transport.enableC2D(done)),
    ]);
  }

  /** Of the transport, not of the client: its Twin merges arrays by index, drops versions and fires for every leaf. */
  async getTwin(): Promise<unknown> {
    return this.#twinCall<unknown>((done) => this.#transport.getTwin(done));
  }

  async report(patch: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#twinCall<void>((done) => this.#transport.updateTwinReportedProperties(patch, done));
  }

  async send(message: TelemetryMessage): Promise<void> {
    await this.#call<unknown>((done) => this.#client.sendEvent(sdkMessage(message), done));
  }

  async answer(requestId: string, status: number, payload: unknown): Promise<void> {
    await this.#call<void>((done) => {
      // The SDK's type is the class that its own method objects have; it reads these three fields.
      this.#transport.sendMethodResponse({ requestId, status, payload } as never, done);
    });
  }

  async close(why: LinkCause): Promise<void> {
    // Nothing of the goodbye is to look like a failure.
    this.#resolveEnded(why);
    await this.#calls
      .make(this.#options.tuning.closeMs, (done) => this.#client.close(done))
      .catch(() => undefined);
    this.#end(why);
  }

  readonly #screen: Screen = (topic, payload) => {
    const inbound = readInbound(topic, payload);
    if (inbound.kind !== "twin-reply") {
      this.#options.onInbound(inbound);
      return undefined;
    }
    this.#twinStatus = inbound.status;
    // The SDK ignores the status and would take a refusal for the twin itself.
    return inbound.status < 300 ? payload : Buffer.from(refusalBody);
  };

  readonly #abort = (): void => this.#end(cause("dropped", this.#peer, "closing"));

  async #twinCall<T>(start: (done: Done<T>) => void): Promise<T | undefined> {
    return this.#call<T>((done) =>
      start((error, value) =>
        done(error && this.#twinStatus >= 300 ? new TwinRefused(this.#twinStatus) : error, value),
      ),
    );
  }

  async #call<T>(start: (done: Done<T>) => void): Promise<T | undefined> {
    try {
      return await this.#calls.make(this.#options.tuning.callMs, start);
    } catch (error) {
      if (error instanceof TwinRefused || error instanceof LinkFailure) throw error;
      const why = this.#name(error);
      // A link on which one thing is not answered is a zombie for others too; a fresh one heals all.
      if (error instanceof NoAnswer) this.#end(why);
      throw new LinkFailure(why);
    }
  }

  #name(sdk?: unknown): LinkCause {
    const { error: wire, returnCode } = this.#wire;
    const why = classify({ peer: this.#peer, wire, sdk, returnCode, timedOut: sdk instanceof NoAnswer });
    return this.#wire.closedByPeer ? { ...why, closedByPeer: true } : why;
  }

  #end(why: LinkCause): void {
    this.#options.signal.removeEventListener("abort", this.#abort);
    this.#resolveEnded(why);
    this.#calls.end(new LinkFailure(why));
    this.#wire.destroy();
  }
}

const refusalBody = JSON.stringify({ errorCode: 1, message: "refused" });
