/**
 * One TLS connection with one MQTT client, given to the SDK as its transport.
 *
 * Guarantees: at most one connection per `Wire` (the SDK reconnects silently and loses its subscriptions; here a second
 * attempt fails at once); the first error of socket, TLS or MQTT is stored before the SDK replaces it; `destroy` works
 * in every state of the SDK; no late error is unhandled.
 */
import { isIP } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, type SecureContextOptions, type TLSSocket } from "node:tls";
import type { MqttClient as Client, IClientOptions } from "mqtt";
import { asError } from "../../base/errors.ts";
import { hostAndPort } from "../../protocol/names.ts";
import { MqttClient } from "./sdk.ts";

export interface WireOptions {
  /** Host, with its port unless that is 8883. */
  readonly host: string;
  readonly caPem: string | undefined;
  readonly keepAliveS: number;
  readonly connectMs: number;
  /** Called with the host, without port. */
  readonly refuseHost: ((host: string) => Error | undefined) | undefined;
}

/** Above the hub's largest payload, 128 KB of a method. A larger packet ends the connection. */
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

  /** The CONNACK return code of a refusal. */
  get returnCode(): number | undefined {
    return this.#returnCode;
  }

  /** The peer closed it cleanly; a network failure causes a timeout or a reset instead. */
  get closedByPeer(): boolean {
    return this.#closedByPeer && this.#error === undefined;
  }

  /** Calls `listener` once, when the connection has ended or could not be opened. */
  onEnd(listener: () => void): void {
    if (this.#ended) listener();
    else this.#onEnd.add(listener);
  }

  /** The SDK calls this instead of `connect` of MQTT.js. Never throws: some callers could not catch it. */
  connect(_uri: string, options: IClientOptions): Client {
    const first = this.#client === undefined && !this.#ended;
    const build = () => (first ? this.#open(options) : failedStream(new Error("this connection has ended")));
    const client = new MqttClient(build, {
      ...options,
      keepalive: this.#options.keepAliveS,
      connectTimeout: this.#options.connectMs,
      reconnectPeriod: 0,
      resubscribe: false,
    });
    // Stays after the SDK has removed its own listeners: an error without a listener ends the process.
    client.on("error", (error) => this.#note(error));
    if (first) this.#watch(client);
    return client;
  }

  destroy(): void {
    this.#client?.end(true);
    this.#stream?.destroy();
    this.#end();
  }

  #watch(client: Client): void {
    this.#client = client;
    client.on("close", () => this.#end());
    let unread = 0;
    client.on("packetreceive", () => {
      unread = 0;
    });
    this.#stream?.on("data", (chunk: Uint8Array) => {
      unread += chunk.byteLength;
      if (unread > largestPacket) this.#stream?.destroy(new Error("a packet beyond the hub's limit"));
    });
  }

  #open(options: IClientOptions): Duplex {
    this.#stream = this.#connectTls(options);
    this.#stream.on("error", (error) => this.#note(error));
    this.#stream.once("end", () => {
      this.#closedByPeer = true;
    });
    return this.#stream;
  }

  #connectTls(options: IClientOptions): Duplex {
    const { host, port } = hostAndPort(this.#options.host);
    // Both are set to authenticate by certificate, neither by key: the SDK refuses one alone.
    const { cert, key } = options as SecureContextOptions;
    try {
      const refused = this.#options.refuseHost?.(host);
      if (refused !== undefined) return failedStream(refused);
      const socket: TLSSocket = connectTls({
        host,
        port,
        minVersion: "TLSv1.2",
        rejectUnauthorized: true,
        // RFC 6066, section 3: an address is not a server name.
        ...(isIP(host) === 0 && { servername: host }),
        ...(this.#options.caPem !== undefined && { ca: this.#options.caPem }),
        cert,
        key,
      });
      return socket.setNoDelay(true);
    } catch (error) {
      // The capability gate and an invalid certificate throw.
      return failedStream(asError(error));
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

/** A stream that fails asynchronously, like a refused connection. */
function failedStream(error: Error): Duplex {
  return new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      done();
    },
  }).destroy(error);
}
