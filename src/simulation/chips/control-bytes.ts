/** The framing that OLED and character displays share on I²C (SSD1306 datasheet 8.1.5.2, SH1107 the same). */

/** A byte for the display: a command, or data for its memory. */
export interface DisplayByte {
  readonly data: boolean;
  readonly value: number;
}

/**
 * Takes a transfer apart. A control byte says with bit 7 (Co) whether one byte follows or all the rest, and
 * with bit 6 (D/C) whether that is data. Its other bits must be 0: `undefined` when they are not.
 */
export function parseControlBytes(bytes: Uint8Array): readonly DisplayByte[] | undefined {
  const taken: DisplayByte[] = [];
  for (let at = 0; at < bytes.length; ) {
    const control = bytes[at++] ?? 0;
    if ((control & 0x3f) !== 0) return undefined;
    const data = (control & 0x40) !== 0;
    const end = control & 0x80 ? Math.min(at + 1, bytes.length) : bytes.length;
    for (; at < end; at++) taken.push({ data, value: bytes[at] ?? 0 });
  }
  return taken;
}
