/**
 * The kernel's GPIO character devices in memory, with their habits: a line has one holder and tells who; an output is
 * at its level from the first instant; edges are kept up to a number, then the oldest are lost; a line that nobody
 * holds keeps its level or turns into an input, as its driver wants it. Offsets are read from linux/gpio.h once more,
 * on purpose.
 */
import { endianness } from "node:os";
import type { GpioDevices } from "../../../../src/board/kernel/chardev/devices.ts";
import type { Level } from "../../../../src/chips/lines.ts";
import { errno } from "../fake-gpio.ts";

const little = endianness() === "LE";
const input = 4n;
const output = 8n;
const rising = 16n;
const falling = 32n;

export const bootNs = 5_000_000_000n;

interface Edge {
  readonly atNs: bigint;
  readonly level: Level;
  readonly serial: number;
}

export interface FakeLine {
  level: Level;
  flags: bigint;
  consumer: string;
  /** Every level that it had as an output, in order. */
  readonly driven: Level[];
  readonly edges: Edge[];
  room: number;
  serial: number;
}

interface Open {
  readonly chip: FakeChip;
  /** Of a line request; absent: the chip itself. */
  readonly line?: number;
}

export class FakeChip {
  readonly label: string;
  readonly lines: FakeLine[];
  /** Level of the wire outside, where something drives it. */
  readonly wire = new Map<number, Level>();
  /** Whether a line that nobody holds any more stays an output (persist_gpio_outputs). */
  persists = true;

  constructor(label: string, count: number) {
    this.label = label;
    this.lines = Array.from({ length: count }, () => ({
      level: 0,
      flags: input,
      consumer: "",
      driven: [],
      edges: [],
      room: 16,
      serial: 0,
    }));
  }

  line(number: number): FakeLine {
    const line = this.lines[number];
    if (line === undefined) throw errno("EINVAL");
    return line;
  }
}

export class FakeGpioDevices implements GpioDevices {
  readonly chips = new Map<string, FakeChip>();
  /** What this user may not open. */
  readonly refused = new Set<string>();
  /** What a request fails with, whatever it is. */
  fails: string | undefined;
  /** CLOCK_MONOTONIC, which began before the firmware's clock. */
  kernelNow = (): bigint => bootNs;
  readonly #open = new Map<number, Open>();
  readonly #gone = new Set<number>();
  readonly #watched = new Map<number, () => void>();
  #next = 10;

  add(label: string, count = 54): FakeChip {
    const chip = new FakeChip(label, count);
    this.chips.set(`/dev/gpiochip${this.chips.size}`, chip);
    return chip;
  }

  list = (): string[] => [...this.chips.keys()];

  open(path: string): number {
    const chip = this.chips.get(path);
    if (chip === undefined) throw errno("ENOENT");
    if (this.refused.has(path)) throw errno("EACCES");
    return this.#give({ chip });
  }

  /** The last process that had it open is gone. */
  close(descriptor: number): void {
    const open = this.#open.get(descriptor);
    this.#open.delete(descriptor);
    if (open?.line === undefined || this.#gone.delete(descriptor)) return;
    const { chip, line } = open;
    const freed = chip.line(line);
    freed.consumer = "";
    if (!chip.persists) freed.flags = input;
  }

  /** The chip was removed from the kernel: every descriptor of it fails from now on. */
  forget(): void {
    for (const descriptor of this.#open.keys()) this.#gone.add(descriptor);
  }

  get openDescriptors(): number {
    return this.#open.size;
  }

  ioctl(descriptor: number, request: number, bytes: Uint8Array): void {
    if (this.fails !== undefined) throw errno(this.fails);
    const { chip, line } = this.#find(descriptor);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    if (request === 0x5421) return;
    if (line === undefined) {
      if (request === 0x8044b401) this.#chipInfo(descriptor, bytes, view);
      else if (request === 0xc100b405) lineInfo(chip, bytes, view);
      else if (request === 0xc250b407) view.setInt32(588, this.#request(chip, bytes, view), little);
      else throw errno("EINVAL");
      return;
    }
    const held = chip.line(line);
    if (request === 0xc010b40e) view.setBigUint64(0, BigInt(levelOf(chip, line)), little);
    else if (request === 0xc010b40f) {
      if ((held.flags & output) === 0n) throw errno("EPERM");
      drive(held, view.getBigUint64(0, little) & 1n ? 1 : 0);
    } else if (request === 0xc110b40d) configure(held, view, 0);
    else throw errno("EINVAL");
  }

  read(descriptor: number, bytes: Uint8Array): number {
    const { chip, line = -1 } = this.#find(descriptor);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const waiting = chip.line(line).edges.splice(0, Math.floor(bytes.length / 48));
    for (const [index, { atNs, level, serial }] of waiting.entries()) {
      view.setBigUint64(index * 48, atNs, little);
      view.setUint32(index * 48 + 8, level === 1 ? 1 : 2, little);
      view.setUint32(index * 48 + 12, line, little);
      view.setUint32(index * 48 + 20, serial, little);
    }
    return waiting.length * 48;
  }

  /** What is outside drives an input. Whoever waits for its edges hears of them by `deliver`. */
  drive(chip: FakeChip, number: number, level: Level, atNs = this.kernelNow()): void {
    const line = chip.line(number);
    const edge = level === 1 ? rising : falling;
    const changed = line.level !== level;
    line.level = level;
    if (changed && line.flags & edge) this.edge(line, level, atNs);
  }

  /** The interrupt of a line, whose level was looked at a moment later. */
  edge(line: FakeLine, level: Level, atNs = this.kernelNow()): void {
    line.serial += 1;
    line.edges.push({ atNs, level, serial: line.serial });
    if (line.edges.length > line.room) line.edges.shift();
  }

  deliver(): void {
    for (const [descriptor, onReadable] of [...this.#watched]) {
      const { chip, line = -1 } = this.#find(descriptor);
      if (chip.line(line).edges.length > 0) onReadable();
    }
  }

  readonly readiness = {
    add: (descriptor: number, onReadable: () => void) => void this.#watched.set(descriptor, onReadable),
    remove: (descriptor: number) => void this.#watched.delete(descriptor),
    close: () => this.#watched.clear(),
  };

  /** A line of another program. */
  take(chip: FakeChip, number: number, consumer: string): void {
    chip.line(number).consumer = consumer;
  }

  #chipInfo(descriptor: number, bytes: Uint8Array, view: DataView): void {
    const { chip } = this.#find(descriptor);
    const [path = ""] = [...this.chips].find(([, known]) => known === chip) ?? [];
    new TextEncoder().encodeInto(path.slice("/dev/".length), bytes);
    new TextEncoder().encodeInto(chip.label, bytes.subarray(32, 63));
    view.setUint32(64, chip.lines.length, little);
  }

  #request(chip: FakeChip, bytes: Uint8Array, view: DataView): number {
    if (view.getUint32(560, little) !== 1) throw errno("EINVAL");
    const number = view.getUint32(0, little);
    const line = chip.line(number);
    if (line.consumer !== "") throw errno("EBUSY");
    line.consumer = textAt(bytes, 256);
    line.room = view.getUint32(564, little) || 16;
    line.edges.length = 0;
    line.serial = 0;
    configure(line, view, 288);
    return this.#give({ chip, line: number });
  }

  #give(open: Open): number {
    const descriptor = this.#next++;
    this.#open.set(descriptor, open);
    return descriptor;
  }

  #find(descriptor: number): Open {
    const open = this.#open.get(descriptor);
    if (open === undefined) throw errno("EBADF");
    if (this.#gone.has(descriptor)) throw errno("ENODEV");
    return open;
  }
}

const levelOf = (chip: FakeChip, line: number): Level => chip.wire.get(line) ?? chip.line(line).level;

function drive(line: FakeLine, level: Level): void {
  line.level = level;
  line.driven.push(level);
}

/** Without a direction the line stays as it is. */
function configure(line: FakeLine, view: DataView, at: number): void {
  const flags = view.getBigUint64(at, little);
  if ((flags & (input | output)) === 0n) return;
  line.flags = flags;
  if ((flags & output) === 0n) return;
  const hasLevel =
    view.getUint32(at + 8, little) === 1 &&
    view.getUint32(at + 32, little) === 2 &&
    view.getBigUint64(at + 48, little) === 1n;
  drive(line, hasLevel && view.getBigUint64(at + 40, little) === 1n ? 1 : 0);
}

function lineInfo(chip: FakeChip, bytes: Uint8Array, view: DataView): void {
  const line = chip.line(view.getUint32(64, little));
  new TextEncoder().encodeInto(line.consumer, bytes.subarray(32, 63));
  view.setBigUint64(72, line.flags | (line.consumer === "" ? 0n : 1n), little);
}

function textAt(bytes: Uint8Array, offset: number): string {
  const field = bytes.subarray(offset, offset + 32);
  return new TextDecoder().decode(field.subarray(0, field.indexOf(0)));
}
