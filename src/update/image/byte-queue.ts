/** Reads a stream of chunks in pieces of a given length. Holds one chunk, and what `exactly` collects. */
import { ImageRefused } from "./refusal.ts";

export class ByteQueue {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** At least one byte and at most `most`. */
  async some(most: number): Promise<Uint8Array> {
    if (!(await this.#fill())) throw cutOff();
    const taken = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(taken.length);
    return taken;
  }

  async exactly(length: number): Promise<Buffer> {
    const collected = Buffer.alloc(length);
    for (let at = 0; at < length; ) {
      const chunk = await this.some(length - at);
      collected.set(chunk, at);
      at += chunk.length;
    }
    return collected;
  }

  /** Up to a line feed, which is taken and left out. @throws ImageRefused "not-an-image" without one */
  async line(most: number): Promise<string> {
    const collected: number[] = [];
    while (collected.length <= most) {
      if (!(await this.#fill())) throw endsAtOnce(collected.length);
      const [byte = 0] = await this.some(1);
      if (byte === 0x0a) return Buffer.from(collected).toString("latin1");
      collected.push(byte);
    }
    throw new ImageRefused("not-an-image", "it does not begin as a firmware image");
  }

  async end(): Promise<void> {
    if (await this.#fill()) throw new ImageRefused("wrong-length", "it has more bytes after its last file");
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #fill(): Promise<boolean> {
    while (this.#held.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#held = next.value;
    }
    return true;
  }
}

/** A web page of one line, or what a download of nothing leaves. */
const endsAtOnce = (bytes: number): ImageRefused =>
  new ImageRefused("not-an-image", bytes === 0 ? "it is empty" : "it ends within its first line");

const cutOff = (): ImageRefused => new ImageRefused("wrong-length", "it ends before its last file");
