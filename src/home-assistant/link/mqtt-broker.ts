/**
 * The connection to a broker over MQTT 3.1.1, with MQTT.js on a socket of its own.
 *
 * Guarantees: those of `BrokerConnection`; one attempt, no silent reconnect; a packet larger than `largestPacket` ends the
 * connection before it is parsed; no late error is unhandled.
 */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import mqtt from "mqtt";
import { asError } from "../../base/errors.ts";
import type { Millis } from "../../base/units.ts";
import type { BrokerConnection, BrokerOptions, ReceivedMessage, RetainedMessage } from "./broker.ts";
import { BrokerFailure } from "./broker.ts";
import { type BrokerCause, type CauseCode, cause, causeOf, type Peer } from "./cause.ts";

// CommonJS: a named import would fail at run time.
const { MqttClient } = mqtt;

/** Commands take some dozen bytes. */
const largestPacket = 256 * 1024;
const refusedSubscription = 128;
const mqttVersion = 4;

export const openMqttBroker = (options: BrokerOptions): BrokerConnection => new MqttBroker(options);

type Done = (error?: Error | null) => void;

class MqttBroker implements BrokerConnection {
  readonly opened: Promise<void>;
  readonly ended: Promise<BrokerCause>;
  readonly #options: BrokerOptions;
  readonly #peer: Peer;
  readonly #client: InstanceType<typeof MqttClient>;
  readonly #waiting = new Set<(error: Error) => void>();
  #stream: Duplex | undefined;
  #error: unknown;
  #closedByPeer = false;
  #cause: BrokerCause | undefined;
  #resolveEnded: (why: BrokerCause) => void = () => {};

  constructor(options: BrokerOptions) {
    this.#options = options;
    const { access, clientId, will, tuning } = options;
    this.#peer = access;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#client = new MqttClient(() => this.#openStream(), {
      clientId,
      protocolId: "MQTT",
      protocolVersion: mqttVersion,
      // Commands that were sent while the device was disconnected are no longer of use.
      clean: true,
      keepalive: tuning.keepAliveS,
      connectTimeout: tuning.connectMs,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      will: { topic: will.topic, payload: will.text, qos: 1, retain: true },
      ...(access.user !== undefined && { username: access.user }),
      ...(access.password !== undefined && { password: access.password.reveal() }),
    });
    this.#client.on("error", (error) => {
      this.#error ??= error;
      this.#end();
    });
    this.#client.on("close", () => this.#end());
    this.#client.on("message", (topic, payload, { retain }) =>
      this.#receive({ topic, payload, retained: retain }),
    );
    this.opened = this.#call(tuning.connectMs, (done) => this.#client.once("connect", () => done()));
    // The caller awaits it, but may do so after the rejection.
    this.opened.catch(() => undefined);
  }

  async subscribe(topics: readonly string[]): Promise<void> {
    let refused = false;
    await this.#call(this.#options.tuning.callMs, (done) => {
      this.#client.subscribe([...topics], { qos: 1 }, (error, granted) => {
        refused = granted?.some(({ qos }) => Number(qos) === refusedSubscription) ?? false;
        done(error);
      });
    });
    if (!refused) return;
    this.#end("topics-refused");
    throw this.#failure();
  }

  publish({ topic, text }: RetainedMessage): Promise<void> {
    return this.#call(this.#options.tuning.callMs, (done) => {
      this.#client.publish(topic, text, { qos: 1, retain: true }, (error) => done(error));
    });
  }

  async close(): Promise<void> {
    // First, so that no error during the end counts as the cause.
    this.#cause ??= cause("dropped", this.#peer, "closing");
    const goodbye = new Promise<void>((resolve) => this.#client.end(false, {}, () => resolve()));
    await Promise.race([goodbye, this.#options.clock.sleep(this.#options.tuning.closeMs), this.ended]);
    this.#end();
  }

  #receive(message: ReceivedMessage): void {
    if (this.#cause === undefined) this.#options.onMessage(message);
  }

  #openStream(): Duplex {
    const stream = this.#connect();
    this.#stream = stream;
    stream.on("error", (error) => {
      this.#error ??= error;
    });
    stream.once("end", () => {
      this.#closedByPeer = true;
    });
    let unread = 0;
    stream.on("data", (chunk: Uint8Array) => {
      unread += chunk.byteLength;
      if (unread > largestPacket) this.#end("oversized");
    });
    queueMicrotask(() => {
      this.#client.on("packetreceive", () => {
        unread = 0;
      });
    });
    return stream;
  }

  #connect(): Duplex {
    const { access, refuseHost } = this.#options;
    const { host, port, isTls, caPem, certificatePem, keyPem } = access;
    try {
      const refused = refuseHost?.(host);
      if (refused !== undefined) return failedStream(refused);
      const socket: Socket = isTls
        ? connectTls({
            host,
            port,
            minVersion: "TLSv1.2",
            rejectUnauthorized: true,
            // RFC 6066, section 3: an address is not a server name.
            ...(isIP(host) === 0 && { servername: host }),
            ...(caPem !== undefined && { ca: caPem }),
            ...(certificatePem !== undefined && { cert: certificatePem, key: keyPem?.reveal() }),
          })
        : connectTcp({ host, port });
      return socket.setNoDelay(true);
    } catch (error) {
      return failedStream(asError(error));
    }
  }

  /** @throws BrokerFailure when the call fails, takes too long, or the connection ends */
  async #call(limit: Millis, start: (done: Done) => void): Promise<void> {
    if (this.#cause !== undefined) throw this.#failure();
    let settle: (error: Error) => void = () => {};
    const answered = new Promise<void>((resolve, reject) => {
      settle = reject;
      this.#waiting.add(reject);
      start((error) => (error ? reject(error) : resolve()));
    });
    const cancel = this.#options.clock.setTimer(limit, () => this.#end("timeout"));
    try {
      await answered;
    } catch (error) {
      this.#error ??= error;
      this.#end();
      throw this.#failure();
    } finally {
      cancel();
      this.#waiting.delete(settle);
    }
  }

  #failure(): BrokerFailure {
    return new BrokerFailure(this.#cause ?? causeOf(this.#error, this.#peer));
  }

  #end(code?: CauseCode): void {
    if (this.#cause === undefined) {
      const why = code === undefined ? causeOf(this.#error, this.#peer) : cause(code, this.#peer);
      const isClean = this.#closedByPeer && this.#error === undefined && code === undefined;
      this.#cause = isClean ? { ...why, closedByPeer: true } : why;
    }
    const failure = this.#failure();
    for (const reject of [...this.#waiting]) reject(failure);
    this.#client.end(true);
    this.#stream?.destroy();
    this.#resolveEnded(this.#cause);
  }
}

/** A stream that fails asynchronously, like a refused connection. */
const failedStream = (error: Error): Duplex =>
  new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      done();
    },
  }).destroy(error);
