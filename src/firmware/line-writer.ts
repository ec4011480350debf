/**
 * Writes log lines to a descriptor without ever waiting for its reader.
 *
 * Guarantee: `write` returns at once. Node writes to a pipe synchronously, so a reader that stalls would hold up
 * the control loop; here one write is under way at a time, the backlog is bounded, and what is dropped is told.
 */
import { write } from "node:fs";

const backlogLimit = 1000;

export class LineWriter {
  readonly #descriptor: number;
  #backlog: string[] = [];
  #dropped = 0;
  #busy = false;
  #idle: (() => void)[] = [];

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  readonly write = (line: string): void => {
    if (this.#backlog.length >= backlogLimit) {
      this.#dropped += 1;
      return;
    }
    this.#backlog.push(line);
    if (!this.#busy) this.#next();
  };

  /** Resolves when all is written, or the reader is gone. May never resolve: give it a limit. */
  flush(): Promise<void> {
    if (!this.#busy) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  #next(): void {
    if (this.#dropped > 0) {
      this.#backlog.push(JSON.stringify({ level: "warn", event: "log-lines-dropped", count: this.#dropped }));
      this.#dropped = 0;
    }
    if (this.#backlog.length === 0) {
      this.#busy = false;
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    this.#busy = true;
    this.#send(Buffer.from(`${this.#backlog.splice(0).join("\n")}\n`));
  }

  #send(bytes: Buffer): void {
    write(this.#descriptor, bytes, (error, written) => {
      // A reader that is gone (EPIPE) is no reason to stop heating: the lines are lost, the loop goes on.
      const rest = error?.code === "EAGAIN" ? bytes : error ? undefined : bytes.subarray(written);
      if (rest !== undefined && rest.length > 0) setImmediate(() => this.#send(rest));
      else this.#next();
    });
  }
}
