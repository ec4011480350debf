/**
 * A simulated cable between a device's TLS connection and the broker, which can be cut.
 *
 * Guarantees: plugged in, bytes pass in order, with back-pressure; a frame beyond the limit ends the connection.
 * `cut("close")` sends FIN, `cut("reset")` RST. While silent nothing passes and nothing is lost: the device's bytes wait
 * in its socket, the hub's wait here, and both continue when the cable is plugged in, as after a TCP retransmission. If
 * the hub closes the connection meanwhile, the device receives RST when the cable is back.
 */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { FrameGuard } from "./frame-guard.ts";

export type Cut = "close" | "reset";

/** Enough for a CONNECT with names and a signature: the limit before the login. */
const unauthenticatedLimit = 16 * 1024;

export class Cable extends Duplex {
  readonly #tls: TLSSocket;
  readonly #raw: Socket;
  readonly #guard = new FrameGuard(unauthenticatedLimit);
  readonly #onTooLong: () => void;
  #silent = false;
  /** The write that waits for the cable; Duplex queues the others. */
  #held: (() => void) | undefined;
  #cutAs: Cut = "close";

  /** @param raw the TCP socket under `tls`: only there can a connection be reset */
  constructor(tls: TLSSocket, raw: Socket, onTooLong: () => void) {
    super({ allowHalfOpen: false });
    this.#tls = tls;
    this.#raw = raw;
    this.#onTooLong = onTooLong;
    tls.pause();
    tls.on("data", (chunk: Buffer) => this.#receive(chunk));
    tls.on("end", () => this.push(null));
    tls.on("close", () => this.destroy());
    tls.on("error", (error) => this.destroy(error));
  }

  get silent(): boolean {
    return this.#silent;
  }

  /** Maximum bytes in a frame from now on. */
  set frameLimit(bytes: number) {
    this.#guard.limit = bytes;
  }

  get tls(): TLSSocket {
    return this.#tls;
  }

  cut(how: Cut): void {
    this.#silent = false;
    this.#cutAs = how;
    if (this.destroyed) this.#endSocket();
    else this.destroy();
  }

  silence(): void {
    this.#silent = true;
    this.#tls.pause();
  }

  /** Plugs the cable in again after a silence. */
  restore(): void {
    if (!this.#silent) return;
    if (this.destroyed) {
      this.cut("reset");
      return;
    }
    this.#silent = false;
    this.#tls.resume();
    const held = this.#held;
    this.#held = undefined;
    held?.();
  }

  override _read(): void {
    if (!this.#silent) this.#tls.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#forward(() => this.#tls.write(chunk, done));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#forward(() => this.#tls.end(() => done()));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#held = undefined;
    // Continues to read behind a silent cable, to notice when the device closes.
    if (this.#silent) this.#tls.resume();
    else this.#endSocket();
    done(error);
  }

  #forward(send: () => void): void {
    if (this.#silent) this.#held = send;
    else send();
  }

  #receive(chunk: Buffer): void {
    if (this.destroyed) return;
    if (!this.#guard.accepts(chunk)) {
      this.#onTooLong();
      this.cut("close");
    } else if (!this.push(chunk)) {
      this.#tls.pause();
    }
  }

  #endSocket(): void {
    // destroySoon flushes pending writes, such as a rejection, before the FIN.
    if (this.#cutAs === "reset") this.#raw.resetAndDestroy();
    else this.#tls.destroySoon();
  }
}
