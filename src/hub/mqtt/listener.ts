/**
 * The TLS listener of the MQTT port: each completed handshake becomes a cable.
 *
 * Guarantees: a client that does not finish its handshake within ten seconds is disconnected; unauthenticated clients
 * cannot block others. Client certificates are requested here and verified at the login. `close` leaves no socket open.
 */
import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { seconds } from "../../base/units.ts";
import { portOf } from "../ports.ts";
import type { CertificatePair } from "../storage/certificates.ts";
import { peerKey, UnauthenticatedConnections } from "../unauthenticated.ts";
import { Cable } from "./cable.ts";

export interface TlsListenerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly caPem: string;
  readonly onCable: (cable: Cable) => void;
  /** A peer sent a frame beyond the limit; its connection ends. */
  readonly onTooLong: (from: string) => void;
  /** A connection was closed or refused because there are too many. */
  readonly onFull: () => void;
}

const maxConnections = 2000;
/** Of those, before the login; the rest is reserved for devices. */
const maxUnauthenticated = 500;
const handshakeWithin = seconds(10);
const minVersion = "TLSv1.2";

export class TlsListener {
  readonly #options: TlsListenerOptions;
  readonly #server: Server;
  readonly #cables = new Set<Cable>();
  /** TCP sockets by the peer's address: a reset needs the socket below TLS. */
  readonly #raws = new Map<string, Socket>();
  readonly #unauthenticated: UnauthenticatedConnections;

  constructor(options: TlsListenerOptions, pair: CertificatePair) {
    this.#options = options;
    this.#unauthenticated = new UnauthenticatedConnections(options.clock, {
      max: maxUnauthenticated,
      within: handshakeWithin,
      onFull: () => options.onFull(),
    });
    this.#server = createServer({
      ...pair,
      minVersion,
      ca: [options.caPem],
      requestCert: true,
      // Devices with keys have no certificate.
      rejectUnauthorized: false,
    });
    this.#server.maxConnections = maxConnections;
    this.#server.on("drop", () => options.onFull());
    this.#server.on("connection", (raw: Socket) => this.#accept(raw));
    this.#server.on("secureConnection", (tls) => this.#open(tls));
    this.#server.on("tlsClientError", (error, tls) => {
      // Debug only: any port scan causes this.
      options.log.debug("hub-tls-refused", { from: tls.remoteAddress ?? "", reason: error.message });
      // After its own handshake timeout, Node leaves the socket open.
      tls.destroy();
    });
  }

  /** @returns the port @throws Error with `code` when the port is taken */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        this.#server.off("error", reject);
        this.#server.on("error", (error) => this.#options.log.error("hub-server", { reason: error.message }));
        resolve(portOf(this.#server));
      });
    });
  }

  /** Takes a renewed certificate for connections from now on. */
  renew(pair: CertificatePair): void {
    this.#server.setSecureContext({ ...pair, minVersion, ca: [this.#options.caPem] });
  }

  /** Call this after the login. */
  authenticated(cable: Cable): void {
    this.#unauthenticated.remove(peerKey(cable.tls));
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const cable of this.#cables) {
      cable.cut("close");
      cable.tls.destroy();
    }
    // Unfinished handshakes would keep the server open.
    for (const raw of this.#raws.values()) raw.destroy();
    await closed;
  }

  #accept(raw: Socket): void {
    const key = peerKey(raw);
    this.#raws.set(key, raw.setNoDelay(true));
    raw.once("close", () => this.#raws.delete(key));
    this.#unauthenticated.add(raw);
  }

  #open(tls: TLSSocket): void {
    const raw = this.#raws.get(peerKey(tls));
    if (raw === undefined) {
      tls.destroy();
      return;
    }
    // The broker has its own time limit for the login.
    this.#unauthenticated.cancelTimeout(peerKey(tls));
    const cable = new Cable(tls, raw, () => this.#options.onTooLong(tls.remoteAddress ?? ""));
    this.#cables.add(cable);
    tls.once("close", () => this.#cables.delete(cable));
    this.#options.onCable(cable);
  }
}
