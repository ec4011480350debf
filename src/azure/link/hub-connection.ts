/**
 * One connection to an IoT Hub, with an SDK client of its own.
 *
 * Guarantees: `openHub` settles within `connectMs`; every call settles; `ended` resolves once, with the cause, and then
 * no socket is open; every message is validated before the SDK parses it (see inbound.ts).
 */

import type { HubTarget } from "../credentials/credentials.ts";
import { makeClient, type SdkClient, sdkMessage, type Transport } from "../sdk/client.ts";
import { GuardedMqttBase, type MessageFilter } from "../sdk/guarded-base.ts";
import { type Inbound, readInbound } from "../sdk/inbound.ts";
import { Wire } from "../sdk/wire.ts";
import { Calls, type Done, NoAnswer } from "./calls.ts";
import { cause, classify, type LinkCause, type Peer } from "./cause.ts";
import type { TelemetryMessage } from "./link.ts";
import { LinkFailure } from "./link-failure.ts";
import type { ProvisionOptions } from "./provision.ts";

export interface HubOptions extends Omit<ProvisionOptions, "target"> {
  readonly target: HubTarget;
  /** Desired patches, methods and messages. A persistent session may deliver them before `subscribe`. */
  readonly onInbound: (inbound: Inbound) => void;
  /** The SDK threw while it handled a message. */
  readonly onFault: (error: unknown) => void;
}

export interface HubConnection {
  readonly ended: Promise<LinkCause>;
  /** Resolves when desired patches, methods and messages are subscribed to. */
  subscribe(): Promise<void>;
  /** @throws TwinRefused; LinkFailure, for instance when a timeout has ended the connection */
  getTwin(): Promise<unknown>;
  /** @throws as `getTwin` */
  report(patch: Readonly<Record<string, unknown>>): Promise<void>;
  /** Resolves with the hub's PUBACK. @throws LinkFailure */
  send(message: TelemetryMessage): Promise<void>;
  answer(requestId: string, status: number, payload: unknown): Promise<void>;
  /** Number of calls in progress. */
  readonly pending: number;
  /** Closes cleanly within `closeMs`, otherwise destroys the socket. */
  close(why: LinkCause): Promise<void>;
}

/** The hub answered with an error. */
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
    this.#peer = { host: options.target.host, role: "the hub" };
    this.#wire = new Wire({ ...options, ...options.tuning, host: options.target.host });
    this.#calls = new Calls(options.clock);
    const { tokenMs } = options.tuning;
    const base = new GuardedMqttBase(this.#wire, { filter: this.#filter, onFault: options.onFault });
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
      this.#wire.onEnd(() => this.#end(this.#classify()));
      await this.#calls.make(tuning.connectMs, (done) => this.#client.open(done));
    } catch (sdk) {
      // A LinkFailure is our own error for the end of the connection, not an error of the SDK.
      const why = this.#classify(sdk instanceof LinkFailure ? undefined : sdk);
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

  /** Uses the transport: the client's Twin merges arrays by index, drops versions and emits an event per leaf. */
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
      // The type requires an SDK class, of which only these three fields are read.
      this.#transport.sendMethodResponse({ requestId, status, payload } as never, done);
    });
  }

  async close(why: LinkCause): Promise<void> {
    // First, so that no error during the close counts as the cause.
    this.#resolveEnded(why);
    await this.#calls
      .make(this.#options.tuning.closeMs, (done) => this.#client.close(done))
      .catch(() => undefined);
    this.#end(why);
  }

  readonly #filter: MessageFilter = (topic, payload) => {
    const inbound = readInbound(topic, payload);
    if (inbound.kind !== "twin-reply") {
      this.#options.onInbound(inbound);
      return undefined;
    }
    this.#twinStatus = inbound.status;
    // The SDK ignores the status and would treat an error as the twin.
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
      const why = this.#classify(error);
      // One missing answer means a dead link: reconnect.
      if (error instanceof NoAnswer) this.#end(why);
      throw new LinkFailure(why);
    }
  }

  #classify(sdk?: unknown): LinkCause {
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
