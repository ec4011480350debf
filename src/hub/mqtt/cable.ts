/**
 * The cable between a device's TLS connection and the broker: it can be cut as real ones are.
 *
 * Guarantees: plugged in, bytes pass in order, with back-pressure, and frames beyond the limit end the connection.
 * `cut("close")` sends FIN, `cut("reset")` RST. Silent, nothing passes either way and nothing is lost: what the device
 * sends waits in its socket, what the hub sends waits here, and both go on when it is plugged in again, as TCP would
 * resend. What the hub ends meanwhile the device does not learn: it hears RST once the cable is back.
 */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { FrameGuard } from "./frame-guard.ts";

export type Cut = "close" | "reset";

/** A CONNECT with names and a signature; what comes before anybody has proved who it is. */
const strangerLimit = 16 * 1024;

export class Cable extends Duplex {
  readonly #tls: TLSSocket;
  readonly #raw: Socket;
  readonly #guard = new FrameGuard(strangerLimit);
  readonly #onTooLong: () => void;
  #silent = false;
  /** The write that waits for the cable; Duplex holds back the others. */
  #held: (() => void) | undefined;
  #severed: Cut = "close";

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

  /** Most bytes in a frame from now on. */
  set frameLimit(bytes: number) {
    this.#guard.limit = bytes;
  }

  get tls(): TLSSocket {
    return this.#tls;
  }

  cut(how: Cut): void {
    this.#silent = false;
    this.#severed = how;
    if (this.destroyed) this.#sever();
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
    // Behind a silent cable nobody listens any more, but that the device has gone is still noticed.
    if (this.#silent) this.#tls.resume();
    else this.#sever();
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

  #sever(): void {
    // destroySoon lets what was written, a refusal for instance, go out before the FIN.
    if (this.#severed === "reset") this.#raw.resetAndDestroy();
    else this.#tls.destroySoon();
  }
}
