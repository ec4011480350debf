/**
 * One TLS connection with one MQTT client on it: what the SDK is given to connect with.
 *
 * Guarantees: at most one connection per `Wire` (the SDK reconnects silently and forgets its subscriptions; here a
 * second attempt fails at once); the first thing that socket, TLS or MQTT said is kept, before the SDK words it again;
 * `destroy` ends it whatever state the SDK is in; no late error escapes.
 */
import { isIP } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { MqttClient as Client, IClientOptions } from "mqtt";
import { asError } from "../../base/errors.ts";
import { hostAndPort } from "../../protocol/host.ts";
import { MqttClient } from "./sdk.ts";

export interface WireOptions {
  /** Host, with its port unless that is 8883. */
  readonly host: string;
  readonly caPem: string | undefined;
  readonly keepAliveS: number;
  readonly connectMs: number;
  /** Asked with the host alone. */
  readonly refuseHost: ((host: string) => Error | undefined) | undefined;
}

/** Above the largest payload of the hub, the method's 128 KB. A packet that grows beyond ends the connection. */
const largestPacket = 512 * 1024;

export class Wire {
  readonly #options: WireOptions;
  readonly #onEnd = new Set<() => void>();
  #client: Client | undefined;
  #stream: Duplex | undefined;
  #ended = false;
  #error: Error | undefined;
  #returnCode: number | undefined;
  #closedByPeer = false;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  /** The first error below the SDK. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** CONNACK's return code when it was a refusal. */
  get returnCode(): number | undefined {
    return this.#returnCode;
  }

  /** The other side ended it in good order; a network that fails does so without a word, or with a reset. */
  get closedByPeer(): boolean {
    return this.#closedByPeer && this.#error === undefined;
  }

  /** Calls `listener` once, when the connection has ended or when it never came to be. */
  onEnd(listener: () => void): void {
    if (this.#ended) listener();
    else this.#onEnd.add(listener);
  }

  /** What the SDK calls in place of MQTT.js's own `connect`. Never throws: half of its callers could not catch it. */
  connect(_uri: string, options: IClientOptions): Client {
    const first = this.#client === undefined && !this.#ended;
    const build = () => (first ? this.#open(options) : broken(new Error("this connection is over")));
    const client = new MqttClient(build, {
      ...options,
      keepalive: this.#options.keepAliveS,
      connectTimeout: this.#options.connectMs,
      reconnectPeriod: 0,
      resubscribe: false,
    });
    // Stays when the SDK has taken its own listeners away: an error without a listener ends the process.
    client.on("error", (error) => this.#note(error));
    if (first) this.#adopt(client);
    return client;
  }

  destroy(): void {
    this.#client?.end(true);
    this.#stream?.destroy();
    this.#end();
  }

  #adopt(client: Client): void {
    this.#client = client;
    client.on("close", () => this.#end());
    let unread = 0;
    client.on("packetreceive", () => {
      unread = 0;
    });
    this.#stream?.on("data", (chunk: Uint8Array) => {
      unread += chunk.byteLength;
      if (unread > largestPacket) this.#stream?.destroy(new Error("a packet larger than the hub may send"));
    });
  }

  #open(options: IClientOptions): Duplex {
    this.#stream = this.#dial(options);
    this.#stream.on("error", (error) => this.#note(error));
    this.#stream.once("end", () => {
      this.#closedByPeer = true;
    });
    return this.#stream;
  }

  #dial(options: IClientOptions): Duplex {
    const { host, port } = hostAndPort(this.#options.host);
    const { cert, key } = options;
    try {
      const refused = this.#options.refuseHost?.(host);
      if (refused !== undefined) return broken(refused);
      const socket: TLSSocket = connectTls({
        host,
        port,
        minVersion: "TLSv1.2",
        rejectUnauthorized: true,
        // RFC 6066, section 3: an address is no server name.
        ...(isIP(host) === 0 && { servername: host }),
        ...(this.#options.caPem !== undefined && { ca: this.#options.caPem }),
        ...(typeof cert === "string" && typeof key === "string" && { cert, key }),
      });
      return socket.setNoDelay(true);
    } catch (error) {
      // A gate below may throw, and a certificate that OpenSSL does not like does.
      return broken(asError(error));
    }
  }

  #note(error: Error & { code?: unknown }): void {
    if (typeof error.code === "number") this.#returnCode ??= error.code;
    this.#error ??= error;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const listener of this.#onEnd) listener();
    this.#onEnd.clear();
  }
}

/** A stream that fails as a refused connection does: later, by an event. */
function broken(error: Error): Duplex {
  return new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      done();
    },
  }).destroy(error);
}
