/**
 * The bytes of the kernel's GPIO character device, uAPI v2 (include/uapi/linux/gpio.h, Linux 5.10 and later).
 *
 * Guarantee: the offsets are those of the header on 32 and 64 bits alike, since every 64-bit field of v2 is aligned to
 * eight bytes (__aligned_u64); the byte order is that of this machine. One line for each request.
 */
import { endianness } from "node:os";
import type { Level } from "../../../chips/lines.ts";

const isLittleEndian = endianness() === "LE";

/** Request numbers as _IOR and _IOWR make them (asm-generic/ioctl.h: Arm, x86 and RISC-V). */
const request = (direction: 2 | 3, number: number, size: number): number =>
  ((direction << 30) | (size << 16) | (0xb4 << 8) | number) >>> 0;

/** sizeof of each structure. */
export const sizes = {
  chipInfo: 68,
  lineInfo: 256,
  lineRequest: 592,
  lineConfig: 272,
  values: 16,
  event: 48,
};

export const requests = {
  chipInfo: request(2, 0x01, sizes.chipInfo),
  lineInfo: request(3, 0x05, sizes.lineInfo),
  requestLine: request(3, 0x07, sizes.lineRequest),
  setConfig: request(3, 0x0d, sizes.lineConfig),
  getValues: request(3, 0x0e, sizes.values),
  setValues: request(3, 0x0f, sizes.values),
  /** FIONBIO of asm-generic/ioctls.h: a read that finds nothing returns at once. */
  nonBlocking: 0x5421,
} as const;

/** enum gpio_v2_line_flag */
export const flags = {
  used: 1 << 0,
  activeLow: 1 << 1,
  input: 1 << 2,
  output: 1 << 3,
  edgeRising: 1 << 4,
  edgeFalling: 1 << 5,
  pullUp: 1 << 8,
  pullDown: 1 << 9,
} as const;

/** GPIO_MAX_NAME_SIZE: the last byte of a name ends it. */
const nameSize = 32;
/** enum gpio_v2_line_attr_id: GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES */
const outputValues = 2;

export interface ChipInfo {
  /** As in /dev. */
  readonly name: string;
  readonly label: string;
  readonly lines: number;
}

export interface LineInfo {
  /** Who holds the line; empty for a free one. */
  readonly consumer: string;
  readonly flags: number;
}

/** A line's configuration: flags, and for an output the level that it has from the first instant. */
export interface LineConfig {
  readonly flags: number;
  readonly level?: Level;
}

export interface LineRequest {
  readonly line: number;
  readonly consumer: string;
  readonly config: LineConfig;
  /** How many edges the kernel queues; 0: the kernel's default. */
  readonly edges?: number;
}

export interface LineEvent {
  /** CLOCK_MONOTONIC, in ns. */
  readonly atNs: bigint;
  readonly level: Level;
  /** Counts up by one from one edge of the line to the next; a gap means that edges were lost. */
  readonly serial: number;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A name as the kernel keeps it: up to the first zero. */
function textAt(bytes: Uint8Array, offset: number): string {
  const field = bytes.subarray(offset, offset + nameSize);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end === -1 ? field : field.subarray(0, end));
}

/** struct gpiochip_info: name 0, label 32, lines 64 */
export const decodeChipInfo = (bytes: Uint8Array): ChipInfo => ({
  name: textAt(bytes, 0),
  label: textAt(bytes, nameSize),
  lines: viewOf(bytes).getUint32(64, isLittleEndian),
});

/** struct gpio_v2_line_info: name 0, consumer 32, offset 64, num_attrs 68, flags 72 */
export function encodeLineInfo(line: number): Uint8Array {
  const bytes = new Uint8Array(sizes.lineInfo);
  viewOf(bytes).setUint32(64, line, isLittleEndian);
  return bytes;
}

export const decodeLineInfo = (bytes: Uint8Array): LineInfo => ({
  consumer: textAt(bytes, nameSize),
  flags: Number(viewOf(bytes).getBigUint64(72, isLittleEndian)),
});

/** struct gpio_v2_line_config: flags 0, num_attrs 8, attrs 32 (id 0, values 8, mask 16) */
export function encodeLineConfig({ flags: wanted, level }: LineConfig): Uint8Array {
  const bytes = new Uint8Array(sizes.lineConfig);
  const view = viewOf(bytes);
  view.setBigUint64(0, BigInt(wanted), isLittleEndian);
  if (level === undefined) return bytes;
  view.setUint32(8, 1, isLittleEndian);
  view.setUint32(32, outputValues, isLittleEndian);
  view.setBigUint64(40, BigInt(level), isLittleEndian);
  view.setBigUint64(48, 1n, isLittleEndian);
  return bytes;
}

/** struct gpio_v2_line_request: offsets 0, consumer 256, config 288, num_lines 560, event_buffer_size 564, fd 588 */
export function encodeLineRequest({ line, consumer, config, edges = 0 }: LineRequest): Uint8Array {
  const bytes = new Uint8Array(sizes.lineRequest);
  const view = viewOf(bytes);
  view.setUint32(0, line, isLittleEndian);
  new TextEncoder().encodeInto(consumer, bytes.subarray(256, 256 + nameSize - 1));
  bytes.set(encodeLineConfig(config), 288);
  view.setUint32(560, 1, isLittleEndian);
  view.setUint32(564, edges, isLittleEndian);
  return bytes;
}

/** The descriptor that the kernel wrote into a request. */
export const descriptorOf = (bytes: Uint8Array): number => viewOf(bytes).getInt32(588, isLittleEndian);

/** struct gpio_v2_line_values: bits 0, mask 8 */
export function encodeValues(level: Level): Uint8Array {
  const bytes = new Uint8Array(sizes.values);
  viewOf(bytes).setBigUint64(0, BigInt(level), isLittleEndian);
  viewOf(bytes).setBigUint64(8, 1n, isLittleEndian);
  return bytes;
}

export const decodeValues = (bytes: Uint8Array): Level =>
  viewOf(bytes).getBigUint64(0, isLittleEndian) & 1n ? 1 : 0;

/** struct gpio_v2_line_event: timestamp_ns 0, id 8, offset 12, seqno 16, line_seqno 20; whole ones only */
export function decodeEvents(bytes: Uint8Array): LineEvent[] {
  const view = viewOf(bytes);
  return Array.from({ length: Math.floor(bytes.length / sizes.event) }, (_, index) => {
    const at = index * sizes.event;
    return {
      atNs: view.getBigUint64(at, isLittleEndian),
      // GPIO_V2_LINE_EVENT_RISING_EDGE is 1, …_FALLING_EDGE 2.
      level: view.getUint32(at + 8, isLittleEndian) === 1 ? 1 : 0,
      serial: view.getUint32(at + 20, isLittleEndian),
    };
  });
}
