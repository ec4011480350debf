/**
 * The TLS side of the MQTT port: each connection that finishes its handshake comes out as a cable.
 *
 * Guarantees: who does not finish the handshake within ten seconds of its connect is gone, whatever it sends; those
 * who have not logged in keep nobody else out, however many they are. A client's certificate is asked for and judged
 * later, with the rest of what it says. `close` leaves no socket.
 */
import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { seconds } from "../../base/units.ts";
import { portOf } from "../ports.ts";
import type { CertificatePair } from "../storage/certificates.ts";
import { peerOf, Strangers } from "../strangers.ts";
import { Cable } from "./cable.ts";

export interface TlsDoorOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly caPem: string;
  readonly onCable: (cable: Cable) => void;
  /** A peer's frame was beyond the limit; its connection ends. */
  readonly onTooLong: (from: string) => void;
  /** There are so many connections that one was ended or not taken. */
  readonly onFull: () => void;
}

const maxConnections = 2000;
/** Of those, that have not logged in: the rest is for devices. */
const maxUnauthenticated = 500;
const handshakeWithin = seconds(10);
const minVersion = "TLSv1.2";

export class TlsListener {
  readonly #options: TlsDoorOptions;
  readonly #server: Server;
  readonly #cables = new Set<Cable>();
  /** TCP sockets by the peer's address: TLS is made over them, and a reset needs the socket below. */
  readonly #raws = new Map<string, Socket>();
  readonly #strangers: Strangers;

  constructor(options: TlsDoorOptions, pair: CertificatePair) {
    this.#options = options;
    this.#strangers = new Strangers(options.clock, {
      most: maxUnauthenticated,
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
    this.#server.on("connection", (raw: Socket) => this.#keep(raw));
    this.#server.on("secureConnection", (tls) => this.#open(tls));
    this.#server.on("tlsClientError", (error, tls) => {
      // At debug alone: any port scan gets here.
      options.log.debug("hub-tls-refused", { from: tls.remoteAddress ?? "", reason: error.message });
      // Node reports its own handshake timeout alone, and leaves the socket open.
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

  /** It has logged in. */
  welcome(cable: Cable): void {
    this.#strangers.welcome(peerOf(cable.tls));
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const cable of this.#cables) {
      cable.cut("close");
      cable.tls.destroy();
    }
    // Those that have not finished their handshake would hold the server open.
    for (const raw of this.#raws.values()) raw.destroy();
    await closed;
  }

  #keep(raw: Socket): void {
    const key = peerOf(raw);
    this.#raws.set(key, raw.setNoDelay(true));
    raw.once("close", () => this.#raws.delete(key));
    this.#strangers.add(raw);
  }

  #open(tls: TLSSocket): void {
    const raw = this.#raws.get(peerOf(tls));
    if (raw === undefined) {
      tls.destroy();
      return;
    }
    // The broker gives it as long again to log in.
    this.#strangers.excuse(peerOf(tls));
    const cable = new Cable(tls, raw, () => this.#options.onTooLong(tls.remoteAddress ?? ""));
    this.#cables.add(cable);
    tls.once("close", () => this.#cables.delete(cable));
    this.#options.onCable(cable);
  }
}
