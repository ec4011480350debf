/**
 * Writes text to one of this process's descriptors without ever waiting for its reader.
 *
 * Guarantee: `write` returns at once, also when a terminal stops its output (Ctrl-S), a pipe is full, or a
 * disk hangs. For this a terminal or a pipe is opened a second time with O_NONBLOCK, so that descriptors
 * shared with other processes keep their mode. What cannot be opened again (a socket, another user's
 * terminal) and what never returns EAGAIN (a file) is written by another thread. While the process runs in a
 * shell's background, nothing is written to the terminal.
 */
import { constants, fstatSync, openSync, write, writeSync } from "node:fs";
import { Backoff, type BackoffLimits } from "../../base/backoff.ts";
import { errnoOf } from "../../base/errors.ts";
import { millis } from "../../base/units.ts";
import { inForeground } from "../guardian/foreground.ts";
import { systemClock } from "./system-clock.ts";

/** While the reader is not ready. */
const retries: BackoffLimits = { first: millis(10), longest: millis(500) };

export class TextWriter {
  readonly #given: number;
  /** Opened without blocking; `undefined` where that is not possible. */
  #own: number | undefined;
  #isTerminal = false;
  #opened = false;
  #rest: Buffer | undefined;
  #next: Buffer[] = [];
  readonly #backoff = new Backoff(retries);
  #inThread = false;
  readonly #onIdle: () => void;

  /** @param onIdle called each time when everything is written */
  constructor(descriptor: number, onIdle: () => void = () => {}) {
    this.#given = descriptor;
    this.#onIdle = onIdle;
  }

  /** Something still waits to be written. */
  get busy(): boolean {
    return this.#rest !== undefined;
  }

  /** A thread is blocked in a write; an ordinary end of the process would wait for it, possibly for ever. */
  get stuck(): boolean {
    return this.#inThread;
  }

  /** While `busy`, the text is queued without a limit: the caller must limit it. */
  write(text: string): void {
    this.#open();
    const bytes = Buffer.from(text);
    if (this.#rest !== undefined) {
      this.#next.push(bytes);
      return;
    }
    this.#rest = bytes;
    this.#go();
  }

  #open(): void {
    if (this.#opened) return;
    this.#opened = true;
    try {
      const kind = fstatSync(this.#given);
      if (!kind.isCharacterDevice() && !kind.isFIFO()) return;
      this.#isTerminal = kind.isCharacterDevice();
      const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
      this.#own = openSync(`/proc/self/fd/${this.#given}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    } catch {
      // Then a thread writes.
    }
  }

  #go(): void {
    const bytes = this.#rest;
    if (bytes === undefined) return;
    if (this.#isTerminal && !inForeground()) this.#later();
    else if (this.#own === undefined) this.#goInThread(bytes);
    else this.#goNow(this.#own, bytes);
  }

  #goNow(descriptor: number, bytes: Buffer): void {
    let written: number;
    try {
      written = writeSync(descriptor, bytes);
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#wrote(bytes.subarray(written));
  }

  #goInThread(bytes: Buffer): void {
    this.#inThread = true;
    write(this.#given, bytes, (error, written) => {
      this.#inThread = false;
      if (error) this.#failed(error);
      else this.#wrote(bytes.subarray(written));
    });
  }

  #wrote(rest: Buffer): void {
    this.#backoff.reset();
    this.#rest = rest.length > 0 ? rest : this.#next.shift();
    if (this.#rest === undefined) this.#onIdle();
    else this.#go();
  }

  #failed(error: unknown): void {
    if (errnoOf(error) === "EAGAIN") {
      this.#later();
      return;
    }
    // A closed reader (EPIPE) must not stop the heating: the text is lost, the process continues.
    this.#rest = undefined;
    this.#next = [];
    this.#onIdle();
  }

  #later(): void {
    systemClock.setTimer(this.#backoff.failed(), () => this.#go());
  }
}
