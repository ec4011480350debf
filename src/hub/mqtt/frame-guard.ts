/**
 * Watches the frames of an MQTT 3.1.1 byte stream go by and tells when one is too long.
 *
 * Guarantee: keeps no bytes; a frame is refused by its header, before anybody buffers it. The broker's parser would
 * collect up to 256 MiB of whoever asks.
 */
export class FrameGuard {
  #limit: number;
  /** Bytes of the present frame still to come. */
  #body = 0;
  /** Bytes read of the remaining-length field (section 2.2.3); -1 before the packet type. */
  #lengthBytes = -1;
  #length = 0;

  /** @param limit most bytes of a frame after its header */
  constructor(limit: number) {
    this.#limit = limit;
  }

  set limit(bytes: number) {
    this.#limit = bytes;
  }

  /** @returns false when a frame is longer than the limit or its length is malformed: end the connection */
  accepts(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#body > 0) {
        const taken = Math.min(this.#body, chunk.length - at);
        this.#body -= taken;
        at += taken;
      } else if (!this.#header(chunk[at++] ?? 0)) {
        return false;
      }
    }
    return true;
  }

  #header(byte: number): boolean {
    if (this.#lengthBytes === -1) {
      this.#lengthBytes = 0;
      this.#length = 0;
      return true;
    }
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
    this.#lengthBytes++;
    if ((byte & 0x80) !== 0) return this.#lengthBytes < 4;
    this.#body = this.#length;
    this.#lengthBytes = -1;
    return this.#length <= this.#limit;
  }
}
