/** Splits a stream of bytes into lines of a bounded length. */
export class LineSplitter {
  readonly #maxBytes: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns the lines that this chunk completes; `undefined` if a line is too long */
  add(chunk: Buffer): readonly string[] | undefined {
    const all = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const lines: string[] = [];
    let from = 0;
    for (let end = all.indexOf(10); end !== -1; end = all.indexOf(10, from)) {
      if (end - from > this.#maxBytes) return undefined;
      lines.push(all.toString("utf8", from, end));
      from = end + 1;
    }
    this.#rest = all.subarray(from);
    return this.#rest.length > this.#maxBytes ? undefined : lines;
  }
}
