/** The framing that OLED and character displays share on I²C (SSD1306 datasheet 8.1.5.2, SH1107 the same). */

/** A byte for the display: a command, or data for its memory. */
export interface DisplayByte {
  readonly data: boolean;
  readonly value: number;
}

/**
 * Splits a transfer into display bytes. Bit 7 (Co) of a control byte says whether it applies to one byte or
 * to the rest of the transfer. Bit 6 (D/C) says whether those bytes are data.
 *
 * @returns `undefined` when any other bit of a control byte is set
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
