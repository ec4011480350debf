/**
 * Writes log lines to a descriptor without ever waiting for its reader.
 *
 * Guarantee: `write` returns at once. Node writes to a pipe or a terminal synchronously, so a slow reader
 * would block the control loop, or the guardian before it turns the relay off. Here lines wait in a limited
 * backlog, and the log says how many were dropped.
 */
import { TextWriter } from "./text-writer.ts";

const backlogLimit = 1000;

export class LineWriter {
  readonly #text: TextWriter;
  #backlog: string[] = [];
  #dropped = 0;
  #idle: (() => void)[] = [];

  constructor(descriptor: number) {
    this.#text = new TextWriter(descriptor, () => this.#next());
  }

  readonly write = (line: string): void => {
    if (this.#backlog.length >= backlogLimit) {
      this.#dropped += 1;
      return;
    }
    this.#backlog.push(line);
    if (!this.#text.busy) this.#next();
  };

  /** See `TextWriter.stuck`. */
  get stuck(): boolean {
    return this.#text.stuck;
  }

  /**
   * Resolves when all is written, or the reader is gone. May never resolve: the caller must set a time limit.
   */
  flush(): Promise<void> {
    if (!this.#text.busy) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  #next(): void {
    if (this.#dropped > 0) {
      this.#backlog.push(JSON.stringify({ level: "warn", event: "log-lines-dropped", count: this.#dropped }));
      this.#dropped = 0;
    }
    if (this.#backlog.length > 0) this.#text.write(`${this.#backlog.splice(0).join("\n")}\n`);
    else for (const resolve of this.#idle.splice(0)) resolve();
  }
}
