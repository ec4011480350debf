/**
 * Folder mqtt/: the device side: login, sessions, twins and methods over MQTT.
 *
 * The MQTT broker over TLS: DPS and hub on one port, distinguished by the user name.
 *
 * Guarantees: a message is processed before it is acknowledged; a device can use only its own topics; one connection
 * per device, the newest. Nothing that a peer sends ends the process.
 */
import type { PeerCertificate, TLSSocket } from "node:tls";
import { Aedes, type AuthenticateError, type Client, type ConnectPacket, type PublishPacket } from "aedes";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { millis } from "../../base/units.ts";
import type { OnceLog } from "../once-log.ts";
import { type DpsParts, DpsSession } from "../registry/dps.ts";
import type { Subscription } from "../registry/record.ts";
import type { CertificatePair } from "../storage/certificates.ts";
import type { Cable } from "./cable.ts";
import type { Cables } from "./cables.ts";
import type { Link } from "./links.ts";
import { TlsListener } from "./listener.ts";
import { type Caller, type Login, type LoginParts, login, parseUserName } from "./login.ts";
import type { DeviceSessions } from "./sessions.ts";
import { dpsAnswers, maySubscribe } from "./topics.ts";

export interface BrokerParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly once: OnceLog;
  readonly cables: Cables;
  readonly login: LoginParts;
  readonly dps: DpsParts;
  readonly sessions: DeviceSessions;
  readonly onRejected: (id: string, reason: string) => void;
}

/** A device-to-cloud message of 256 KB, and its topic, which holds the properties. */
const deviceFrameLimit = 256 * 1024 + 16 * 1024;
/** IoT Hub's maximum. */
const maxKeepaliveS = 1767;
const maximumQos = 1;

interface Session {
  readonly caller: Caller;
  link?: Link;
  dps?: DpsSession;
  cancelExpiry?: () => void;
}

export class Broker {
  readonly #parts: BrokerParts;
  readonly #aedes: Aedes;
  readonly #listener: TlsListener;
  readonly #sessions = new WeakMap<Client, Session>();
  #dpsConnections = 0;

  private constructor(parts: BrokerParts, aedes: Aedes, pair: CertificatePair, caPem: string) {
    this.#parts = parts;
    this.#aedes = aedes;
    const onCable = (cable: Cable) => void aedes.handle(cable);
    const onTooLong = (from: string) => void this.#logRejection(from, "a frame is too long");
    const onFull = () => void this.#logRejection("any client", "too many connections");
    const { clock, log } = parts;
    this.#listener = new TlsListener({ clock, log, caPem, onCable, onTooLong, onFull }, pair);
  }

  static async open(parts: BrokerParts, pair: CertificatePair, caPem: string): Promise<Broker> {
    const aedes = await Aedes.createBroker({ connectTimeout: 10_000, queueLimit: 100 });
    const broker = new Broker(parts, aedes, pair, caPem);
    broker.#listenToAedes();
    return broker;
  }

  /** @returns the port @throws Error with `code` when the port is taken */
  listen(host: string, port: number): Promise<number> {
    return this.#listener.listen(host, port);
  }

  /** Takes a renewed certificate for connections from now on. */
  renew(pair: CertificatePair): void {
    this.#listener.renew(pair);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    await this.#listener.close();
  }

  #listenToAedes(): void {
    const aedes = this.#aedes;
    aedes.preConnect = (client, packet, callback) => {
      void this.#checkConnect(client, packet).then(
        (proceed) => {
          if (proceed) callback(null, true);
        },
        (error: Error) => callback(error, false),
      );
    };
    aedes.authenticate = (client, userName, password, done) => {
      const verdict = this.#tryLogin(client, userName, password);
      if (verdict.ok) done(null, true);
      // 5: not authorized, Azure's answer for every reason.
      else done(Object.assign(new Error(verdict.reason), { returnCode: 5 }) as AuthenticateError, null);
    };
    aedes.authorizePublish = (client, packet, callback) => {
      packet.retain = false;
      this.#publish(client, packet).then(
        (why) => callback(why === undefined ? null : new Error(why)),
        (error: Error) => callback(error),
      );
    };
    aedes.authorizeSubscribe = (client, subscription, callback) => {
      callback(null, this.#maySubscribe(client, subscription.topic) ? subscription : null);
    };
    // At the start of a session the queue resends messages, not aedes.
    aedes.authorizeForward = (client, packet) =>
      packet.qos > 0 && this.#sessions.get(client)?.link?.ready !== true ? null : packet;
    this.#listenToClients();
  }

  #listenToClients(): void {
    const aedes = this.#aedes;
    const { sessions, log } = this.#parts;
    const linkOf = (client: Client) => this.#sessions.get(client)?.link;
    aedes.on("client", (client) => {
      const link = linkOf(client);
      if (link !== undefined) sessions.registered(link);
    });
    aedes.on("clientReady", (client) => {
      const link = linkOf(client);
      if (link !== undefined) sessions.ready(link);
    });
    aedes.on("clientDisconnect", (client) => {
      const link = linkOf(client);
      if (link !== undefined) sessions.closed(link);
    });
    aedes.on("ack", (_packet, client) => linkOf(client)?.acknowledged());
    aedes.on("subscribe", (subscriptions, client) => {
      const link = linkOf(client);
      const granted = subscriptions.filter(({ qos }) => (qos as number) <= maximumQos);
      const stored = granted.map(({ topic, qos }): Subscription => ({ topic, qos: qos === 0 ? 0 : 1 }));
      if (link !== undefined) sessions.subscribed(link, stored);
    });
    aedes.on("unsubscribe", (topics, client) => {
      const link = linkOf(client);
      // aedes also emits this when a connection ends; the session keeps its subscriptions.
      if (link !== undefined && !client.closed) sessions.unsubscribed(link, topics);
    });
    const note = (client: Client, error: Error) =>
      log.debug("hub-connection-ended", { device: client.id ?? "", reason: error.message });
    aedes.on("clientError", note);
    aedes.on("connectionError", note);
    (aedes as NodeJS.EventEmitter).on("error", (error: Error) =>
      log.error("hub-broker", { reason: error.message }),
    );
  }

  /** Checks a CONNECT before the login. Resolves to false when it must stay unanswered. */
  async #checkConnect(client: Client, packet: ConnectPacket): Promise<boolean> {
    const cable = client.conn as Cable;
    const caller = parseUserName(packet.username ?? "");
    if (caller === undefined) {
      this.#logRejection(cable.tls.remoteAddress ?? "", "user name matches neither DPS nor hub");
      cable.cut("close");
      return false;
    }
    const id = caller.kind === "dps" ? caller.registrationId : caller.deviceId;
    if (!this.#parts.cables.admit(id, cable)) return false;
    packet.keepalive = Math.min(packet.keepalive || maxKeepaliveS, maxKeepaliveS);
    delete (packet as { will?: unknown }).will;
    this.#sessions.set(client, { caller });
    if (caller.kind === "dps") {
      // A client id of its own: the device's id would replace the device's connection to the hub.
      packet.clientId = `dps ${id} ${this.#dpsConnections++}`;
      packet.clean = true;
    } else if (packet.clientId !== id) {
      this.#logRejection(id, "client id is not the device id");
      cable.cut("close");
      return false;
    } else if (packet.clean !== true) {
      await this.#restore(id);
    }
    return true;
  }

  /** Hands aedes the subscriptions that the session had before the hub was restarted. */
  async #restore(deviceId: string): Promise<void> {
    const kept = this.#parts.sessions.subscriptions(deviceId);
    if (kept.length === 0) return;
    const { persistence } = this.#aedes as unknown as { persistence: SessionStore };
    await persistence.addSubscriptions({ id: deviceId }, [...kept]);
  }

  /** aedes calls this from its parser: an exception would end the process. */
  #tryLogin(client: Client, userName: string | undefined, password: Buffer | undefined): Login {
    try {
      return this.#login(client, userName, password);
    } catch (error) {
      this.#parts.log.error("hub-login-failed", { reason: messageOf(error) });
      return { ok: false, reason: "no proof" };
    }
  }

  #login(client: Client, userName: string | undefined, password: Buffer | undefined): Login {
    const session = this.#sessions.get(client);
    const caller = parseUserName(userName ?? "");
    if (session === undefined || caller === undefined) return { ok: false, reason: "no proof" };
    const cable = client.conn as Cable;
    // `null`, missing in its type, when the socket has closed already.
    const certificate = cable.tls.getPeerCertificate() as PeerCertificate | null;
    if (certificate === null) return { ok: false, reason: "no proof" };
    const proof = {
      password: password === undefined || password.length === 0 ? undefined : password.toString("utf8"),
      certificate: Object.keys(certificate).length === 0 ? undefined : certificate,
      chainVerified: cable.tls.authorized,
    };
    const verdict = login(caller, proof, this.#parts.login);
    if (!verdict.ok) {
      const id = caller.kind === "dps" ? caller.registrationId : caller.deviceId;
      if (this.#logRejection(id, verdict.reason)) this.#parts.onRejected(id, verdict.reason);
      return verdict;
    }
    cable.frameLimit = deviceFrameLimit;
    this.#listener.authenticated(cable);
    if (caller.kind === "dps") {
      session.dps = new DpsSession(this.#parts.dps, client, caller.registrationId, {
        deviceId: verdict.deviceId,
        authentication: verdict.authentication,
        reachedAs: this.#reachedAs(cable),
      });
    } else {
      session.link = this.#parts.sessions.open(client, cable, caller.deviceId, caller.modelId);
    }
    if (verdict.expiresMs !== undefined) {
      this.#expire(session, cable, verdict.expiresMs);
      cable.once("close", () => session.cancelExpiry?.());
    }
    return verdict;
  }

  /** The host name that the device connected to: it will find the hub by the same name. */
  #reachedAs({ tls }: Cable): string {
    // Missing in Node's types.
    const { servername } = tls as TLSSocket & { readonly servername?: string | false };
    const { hostNames } = this.#parts.login;
    if (typeof servername === "string" && hostNames.includes(servername)) return servername;
    const address = (tls.localAddress ?? "").replace(/^::ffff:/, "");
    const isOwn = !["127.0.0.1", "::1"].includes(address) && hostNames.includes(address);
    return isOwn ? address : "localhost";
  }

  /** Ends the connection when its signature expires; devices reconnect with a new one. */
  #expire(session: Session, cable: Cable, expiresMs: number): void {
    const { clock } = this.#parts;
    const left = expiresMs - clock.wallNow();
    const day = 86_400_000;
    session.cancelExpiry = clock.setTimer(millis(Math.min(left, day)), () => {
      if (left > day) this.#expire(session, cable, expiresMs);
      else cable.cut("close");
    });
  }

  #maySubscribe(client: Client, filter: string): boolean {
    const session = this.#sessions.get(client);
    if (session?.caller.kind === "dps") return filter === dpsAnswers;
    return session !== undefined && maySubscribe(session.caller.deviceId, filter);
  }

  /** @returns why the connection ends, if it does */
  async #publish(client: Client | null, packet: PublishPacket): Promise<string | undefined> {
    const session = client === null ? undefined : this.#sessions.get(client);
    if (session === undefined) return "no session";
    if (packet.qos > maximumQos) return "QoS 2 is not supported";
    const taken =
      session.dps?.request(packet.topic, packet.payload.toString()) ??
      (session.link !== undefined && (await this.#parts.sessions.received(session.link, packet)));
    if (taken) return undefined;
    const id = session.caller.kind === "dps" ? session.caller.registrationId : session.caller.deviceId;
    this.#logRejection(id, "published to a topic of another device");
    return "topic is not allowed";
  }

  #logRejection(subject: string, reason: string): boolean {
    return this.#parts.once.warn("hub-rejected", subject, reason);
  }
}

/** The part of aedes-persistence that the hub uses; aedes does not export its type. */
interface SessionStore {
  addSubscriptions(client: { id: string }, subscriptions: { topic: string; qos: number }[]): Promise<void>;
}
