/**
 * The checksum that Sensirion's sensors send after every 16-bit word (SHT3x datasheet v5, section 4.12):
 * CRC-8, polynomial 0x31 (x⁸ + x⁵ + x⁴ + 1), start value 0xFF, nothing reflected, nothing inverted at the end.
 */
const polynomial = 0x31;

const table = Uint8Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? (crc << 1) ^ polynomial : crc << 1;
  return crc;
});

/** @returns the checksum, 0 to 255, of `bytes` from `start` up to, not including, `end`. */
export function crc8(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0xff;
  for (const byte of bytes.subarray(start, end)) crc = table[crc ^ byte] ?? 0;
  return crc;
}
