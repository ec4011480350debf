/**
 * Detects oversized frames in an MQTT 3.1.1 byte stream.
 *
 * Guarantee: stores no bytes; a frame is rejected by its header, before it is buffered. The broker's parser alone would
 * buffer up to 256 MiB for any client.
 */
export class FrameGuard {
  #limit: number;
  /** Remaining bytes of the current frame. */
  #body = 0;
  /** Bytes read of the remaining-length field (section 2.2.3); -1 before the packet type. */
  #lengthBytes = -1;
  #length = 0;

  /** @param limit maximum bytes of a frame after its header */
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
