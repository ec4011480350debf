/**
 * Writes text to one of this process's descriptors without ever waiting for its reader.
 *
 * Guarantee: `write` returns at once, also when a terminal holds its output (Ctrl-S), a pipe is full, or a disk hangs.
 * A terminal or a pipe is opened a second time for that, without blocking, which leaves everybody else's descriptor as
 * it is. What cannot be opened again (a socket, somebody else's terminal) and what never says that it would block (a
 * file) is written by another thread. Nothing is written to the terminal of a shell in whose background this runs.
 */
import { constants, fstatSync, openSync, write, writeSync } from "node:fs";
import { Backoff, type BackoffLimits } from "../../base/backoff.ts";
import { errnoOf } from "../../base/errors.ts";
import { millis } from "../../base/units.ts";
import { inForeground } from "../guardian/foreground.ts";
import { systemClock } from "./system-clock.ts";

/** For a reader that is not ready. */
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

  /** @param onIdle told each time when all is written */
  constructor(descriptor: number, onIdle: () => void = () => {}) {
    this.#given = descriptor;
    this.#onIdle = onIdle;
  }

  /** Something still waits to be written. */
  get busy(): boolean {
    return this.#rest !== undefined;
  }

  /** A thread waits for the reader; the end of the process would wait with it, for ever if need be. */
  get stuck(): boolean {
    return this.#inThread;
  }

  /** Whoever writes while it is busy lets the text wait here: bound it. */
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
      // Then the thread writes.
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
    // A reader that is gone (EPIPE) is no reason to stop heating: the text is lost, the process goes on.
    this.#rest = undefined;
    this.#next = [];
    this.#onIdle();
  }

  #later(): void {
    systemClock.setTimer(this.#backoff.failed(), () => this.#go());
  }
}
