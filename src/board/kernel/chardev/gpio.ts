/**
 * Folder chardev/: GPIO through the kernel's character devices (/dev/gpiochipN, uAPI v2), where there is no
 * sysfs GPIO.
 *
 * GPIO lines of one chip.
 *
 * Guarantee: an output is at its initial level from the instant it is an output, and that was read back; an input has
 * its pull and reports its edges with the time at which the kernel saw them. No line is taken from another program: a
 * held line is refused with that program's name. The kernel's debouncing is not used: it would delay each press, and
 * the core distinguishes a press from a bounce by the true times.
 */
import type { Clock } from "../../../base/clock.ts";
import { millis } from "../../../base/units.ts";
import {
  type EdgeListener,
  type EdgeTime,
  type GpioPort,
  type InputLine,
  type Level,
  LineError,
  type OutputLine,
  type Pull,
} from "../../../chips/lines.ts";
import { guardedLine, lineName } from "../line-error.ts";
import { type CharChip, findCharChip } from "./chip.ts";
import type { GpioDevices } from "./devices.ts";
import { adoptLine, consumer, type HeldLine, requestLine } from "./line.ts";
import { decodeEvents, flags, type LineEvent, requests, sizes } from "./uapi.ts";

/** Reports when a descriptor has something to read. */
export interface Readiness {
  add(descriptor: number, onReadable: () => void): void;
  remove(descriptor: number): void;
  close(): void;
}

export interface CharGpioOptions {
  readonly clock: Clock;
  readonly devices: GpioDevices;
  /** The relay's line, and the descriptor of it that this process inherited. */
  readonly inherited?: InheritedLine | undefined;
  /** For tests: another way to wait for edges. */
  readonly openReadiness?: () => Promise<Readiness>;
  /** For tests: CLOCK_MONOTONIC in ns, the clock of the kernel's time stamps. */
  readonly kernelNow?: () => bigint;
}

export interface InheritedLine {
  readonly line: number;
  readonly descriptor: number;
}

/**
 * Opens the GPIO chip that carries one of the labels.
 * @throws LineError "absent", "denied", "no-driver"
 */
export async function openCharGpio(labels: readonly string[], options: CharGpioOptions): Promise<GpioPort> {
  const chip = findCharChip(labels, options.devices);
  return new CharGpio(chip, await (options.openReadiness ?? openEpoll)(), options);
}

/** @throws LineError "no-driver" */
async function openEpoll(): Promise<Readiness> {
  try {
    const { Epoll } = (await import("epoll")).default;
    const listeners = new Map<number, () => void>();
    const epoll = new Epoll((_, descriptor) => listeners.get(descriptor)?.());
    return {
      add(descriptor, onReadable) {
        listeners.set(descriptor, onReadable);
        epoll.add(descriptor, Epoll.EPOLLIN);
      },
      remove(descriptor) {
        if (listeners.delete(descriptor)) epoll.remove(descriptor);
      },
      close: () => epoll.close(),
    };
  } catch (cause) {
    throw new LineError(
      "no-driver",
      "the native part of the package epoll is missing: sudo apt install build-essential python3, then npm rebuild epoll.",
      { cause },
    );
  }
}

/**
 * Edges that the kernel keeps: enough for many presses with all their bounces while the event loop is
 * blocked.
 */
const maxQueuedEdges = 256;
/** Edges in one read. */
const edgesAtOnce = 16;
const largestRead = sizes.event * edgesAtOnce;

class CharGpio implements GpioPort {
  readonly #chip: CharChip;
  readonly #readiness: Readiness;
  readonly #options: CharGpioOptions;
  /** Outputs that are or were open: a released line may become an input, and a relay or LED would float. */
  readonly #outputs = new Map<number, HeldLine>();
  readonly #inputs = new Map<number, () => void>();
  readonly #open = new Set<number>();

  constructor(chip: CharChip, readiness: Readiness, options: CharGpioOptions) {
    this.#chip = chip;
    this.#readiness = readiness;
    this.#options = options;
  }

  async openOutput(line: number, initial: Level): Promise<OutputLine> {
    this.#refuseOpen(line);
    const held = this.#outputs.get(line) ?? this.#takeOutput(line, initial);
    this.#outputs.set(line, held);
    guardedLine(line, () => {
      held.write(initial);
      if (held.read() === initial) return;
      throw new LineError("io", `${lineName(line)} could not be made an output at level ${initial}`);
    });
    this.#open.add(line);
    const whileOpen = <T>(action: () => T): T => {
      if (!this.#open.has(line)) throw new LineError("io", `${lineName(line)} has been closed`);
      return guardedLine(line, action);
    };
    return {
      write: (level) => whileOpen(() => held.write(level)),
      read: () => whileOpen(() => held.read()),
      close: () => void this.#open.delete(line),
    };
  }

  async openInput(line: number, pull?: Pull): Promise<InputLine> {
    this.#refuseOpen(line);
    const { devices } = this.#options;
    const bias = pull === undefined ? 0 : { up: flags.pullUp, down: flags.pullDown }[pull];
    const config = { flags: flags.input | flags.edgeRising | flags.edgeFalling | bias };
    const held = requestLine(this.#chip, { line, consumer, config, edges: maxQueuedEdges }, devices);
    try {
      devices.ioctl(held.descriptor, requests.nonBlocking, new Uint8Array(Int32Array.of(1).buffer));
      const edges = new Edges(
        guardedLine(line, () => held.read()),
        this.#options,
      );
      this.#readiness.add(held.descriptor, () => edges.readFrom(held, devices));
      this.#open.add(line);
      const close = (): void => {
        if (!this.#inputs.delete(line)) return;
        this.#open.delete(line);
        edges.end();
        this.#readiness.remove(held.descriptor);
        held.release();
      };
      this.#inputs.set(line, close);
      return {
        read: () => guardedLine(line, () => held.read()),
        onChange: (listener) => edges.onChange(listener),
        close,
      };
    } catch (error) {
      held.release();
      throw error;
    }
  }

  close(): void {
    for (const close of [...this.#inputs.values()]) close();
    this.#readiness.close();
    for (const held of this.#outputs.values()) held.release();
    this.#outputs.clear();
    this.#open.clear();
  }

  #takeOutput(line: number, level: Level): HeldLine {
    const { devices, inherited } = this.#options;
    if (inherited?.line === line) return adoptLine(this.#chip, line, inherited.descriptor, devices);
    const config = { flags: flags.output, level };
    return requestLine(this.#chip, { line, consumer, config }, devices);
  }

  #refuseOpen(line: number): void {
    if (!this.#open.has(line)) return;
    throw new LineError("busy", `${lineName(line)} is already open in this process`);
  }
}

/** The edges of one input, in order, each with its time on the firmware's clock. */
class Edges {
  readonly #clock: Clock;
  readonly #kernelNow: () => bigint;
  readonly #listeners = new Set<EdgeListener>();
  #level: Level;
  #last: LineEvent | undefined;

  constructor(level: Level, { clock, kernelNow = process.hrtime.bigint }: CharGpioOptions) {
    this.#level = level;
    this.#clock = clock;
    this.#kernelNow = kernelNow;
  }

  onChange(listener: EdgeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  end(): void {
    this.#listeners.clear();
  }

  /**
   * Reads at most as many edges as the kernel keeps: further ones are bounces, and are read by the next call.
   */
  readFrom(held: HeldLine, devices: GpioDevices): void {
    const bytes = new Uint8Array(largestRead);
    for (let edges = 0; edges < maxQueuedEdges; edges += edgesAtOnce) {
      let length: number;
      try {
        length = devices.read(held.descriptor, bytes);
      } catch {
        return; // The chip has disappeared: reading the line reports that.
      }
      for (const event of decodeEvents(bytes.subarray(0, length))) this.#receive(event);
      if (length < bytes.length) return;
    }
  }

  #receive(event: LineEvent): void {
    const before = this.#last;
    this.#last = event;
    const at = this.#toProcessClock(event.atNs);
    if (event.level === this.#level) {
      // The kernel reads the level after the edge, so it may have bounced back; then the serial number
      // increases by one. A larger gap means that the kernel lost edges, and one of those led to the other
      // level.
      if (before === undefined || event.serial - before.serial <= 1) return;
      const lost: EdgeTime = { earliestMs: this.#toProcessClock(before.atNs), latestMs: at };
      this.#notify(event.level === 1 ? 0 : 1, lost);
    }
    this.#notify(event.level, { earliestMs: at, latestMs: at });
  }

  #notify(level: Level, time: EdgeTime): void {
    this.#level = level;
    for (const listener of [...this.#listeners]) listener(level, time);
  }

  #toProcessClock(kernelNs: bigint) {
    const now = this.#clock.now();
    const agoMs = Number(this.#kernelNow() - kernelNs) / 1e6;
    return millis(now - Math.max(0, agoMs));
  }
}
