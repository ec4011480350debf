/**
 * Folder kernel/: GPIO and I²C of the Linux kernel. The native packages are loaded here alone.
 *
 * GPIO lines of the Linux kernel (/sys/class/gpio) over the package onoff, which only this file loads.
 *
 * Guarantee: the kernel's number comes from the chip's label; an output is at its initial level from the instant it is
 * an output, and that was read back; an input is known to report its edges. onoff ignores failures on a line that was
 * exported before, so its results are verified here. sysfs reports only that a line changed: after a stall of the event
 * loop, the edges that it hid are reconstructed as far as possible.
 */

import type { Clock } from "../../base/clock.ts";
import { millis } from "../../base/units.ts";
import type { EdgeListener, EdgeTime, GpioPort, InputLine, Level, OutputLine } from "../../chips/lines.ts";
import { LineError } from "../../chips/lines.ts";
import { findGpioChip, type GpioChip, gpioClass, kernelNumber, type SysfsOptions } from "./gpio-chip.ts";
import { guardedLine, joinGroup, lineError, lineName } from "./line-error.ts";
import { LoopWatch } from "./loop-watch.ts";
import { systemFiles } from "./sysfs.ts";

/** The part of an onoff Gpio that is used. */
export interface OnoffGpio {
  readSync(): Level;
  writeSync(value: Level): void;
  watch(listener: (error: Error | null | undefined, value: Level) => void): void;
  unwatchAll(): void;
  direction(): string;
  edge(): string;
  activeLow(): boolean;
  unexport(): void;
}

export interface OnoffOptions {
  readonly activeLow?: boolean;
}

/** The part of the package onoff that is used. */
export interface OnoffPackage {
  readonly Gpio: new (
    number: number,
    direction: "in" | "low" | "high",
    edge: "none" | "both",
    options: OnoffOptions,
  ) => OnoffGpio;
}

export interface KernelGpioOptions extends SysfsOptions {
  readonly clock: Clock;
  /** For tests: loads the package. */
  readonly load?: () => Promise<OnoffPackage>;
  /** For tests: how long the event loop has waited for events. */
  readonly idle?: () => number;
}

/**
 * Opens the GPIO chip that carries one of the labels.
 * @throws LineError "absent" (no such chip, no sysfs GPIO), "denied", "no-driver"
 */
export async function openKernelGpio(
  labels: readonly string[],
  options: KernelGpioOptions,
): Promise<GpioPort> {
  const chip = findGpioChip(labels, options);
  let onoff: OnoffPackage;
  try {
    onoff = await (options.load ?? (() => import("onoff")))();
  } catch (cause) {
    throw new LineError(
      "no-driver",
      "the package onoff, or the native part of its dependency epoll, is missing: " +
        "sudo apt install build-essential python3, then npm rebuild epoll.",
      { cause },
    );
  }
  return new KernelGpio(chip, onoff, options);
}

// udev gives the gpio group access shortly after a line was exported.
const udevTries = 100;
const udevPause = millis(20);

class KernelGpio implements GpioPort {
  readonly #chip: GpioChip;
  readonly #onoff: OnoffPackage;
  readonly #options: KernelGpioOptions;
  readonly #open = new Map<number, { close(): void }>();
  readonly #loop: LoopWatch;

  constructor(chip: GpioChip, onoff: OnoffPackage, options: KernelGpioOptions) {
    this.#chip = chip;
    this.#onoff = onoff;
    this.#options = options;
    this.#loop = new LoopWatch(options);
  }

  async openOutput(line: number, initial: Level): Promise<OutputLine> {
    const number = await this.#claim(line, ["direction", "value", "active_low"]);
    return guardedLine(line, () => {
      const gpio = new this.#onoff.Gpio(number, initial === 0 ? "low" : "high", "none", { activeLow: false });
      const isReady = gpio.direction() === "out" && !gpio.activeLow() && gpio.readSync() === initial;
      if (!isReady)
        throw new LineError("io", `${lineName(line)} could not be made an output at level ${initial}`);
      const output = outputLine(line, gpio, this.#loop, () => this.#open.delete(line));
      this.#open.set(line, output);
      return output;
    });
  }

  async openInput(line: number): Promise<InputLine> {
    const number = await this.#claim(line, ["direction", "value", "active_low", "edge"]);
    return guardedLine(line, () => {
      const gpio = new this.#onoff.Gpio(number, "in", "both", { activeLow: false });
      if (gpio.direction() !== "in" || gpio.activeLow()) {
        throw new LineError("io", `${lineName(line)} could not be made an input`);
      }
      if (gpio.edge() !== "both") {
        throw new LineError(
          "io",
          `${lineName(line)} reports no edges: remove dtoverlay=gpio-no-irq from config.txt and restart`,
        );
      }
      const input = inputLine(line, gpio, { loop: this.#loop, clock: this.#options.clock }, () =>
        this.#open.delete(line),
      );
      this.#open.set(line, input);
      return input;
    });
  }

  close(): void {
    for (const line of [...this.#open.values()]) line.close();
  }

  /** Exports the line, waits until its files are writable, and returns its kernel number. */
  async #claim(line: number, attributes: readonly string[]): Promise<number> {
    const number = kernelNumber(this.#chip, line);
    if (this.#open.has(line))
      throw new LineError("busy", `${lineName(line)} is already open in this process`);
    const { sysRoot, files = systemFiles, clock } = this.#options;
    const root = gpioClass(sysRoot);
    const directory = `${root}/gpio${number}`;
    if (!files.exists(directory)) {
      try {
        files.write(`${root}/export`, String(number));
      } catch (error) {
        if (!files.exists(directory)) throw lineError(line, error);
      }
    }
    // onoff would block the event loop for 100 ms here and then give up, so wait first.
    for (let attempt = 0; attempt < udevTries; attempt++) {
      if (attributes.every((attribute) => files.writable(`${directory}/${attribute}`))) return number;
      await clock.sleep(udevPause);
    }
    const waited = (udevTries * udevPause) / 1000;
    throw new LineError("denied", `${directory} is still not writable after ${waited} s: ${joinGroup}`);
  }
}

function outputLine(line: number, gpio: OnoffGpio, loop: LoopWatch, closed: () => void): OutputLine {
  let open = true;
  const whileOpen = <T>(action: () => T): T => {
    if (!open) throw new LineError("io", `${lineName(line)} has been closed`);
    return guardedLine(line, action);
  };
  return {
    write: (level) => whileOpen(() => gpio.writeSync(level)),
    read() {
      loop.sample();
      return whileOpen(() => gpio.readSync());
    },
    // Stays exported: a line given back to the kernel may turn into an input, and a relay would float.
    close() {
      open = false;
      closed();
    },
  };
}

/** A press that a stall hid counts as this long: past the core's debouncing, and shorter than any hold. */
const hiddenPress = millis(20);

function inputLine(
  line: number,
  gpio: OnoffGpio,
  { loop, clock }: { readonly loop: LoopWatch; readonly clock: Clock },
  closed: () => void,
): InputLine {
  let last = guardedLine(line, () => gpio.readSync());
  const openedAt = clock.now();
  let lastAt = openedAt;
  const listeners = new Set<EdgeListener>();
  const notify = (level: Level, time: EdgeTime) => {
    for (const listener of [...listeners]) listener(level, time);
  };
  gpio.watch((error, level) => {
    if (error) return;
    const now = clock.now();
    const stall = loop.recentStall();
    // While the program loads, the loop does not run, and the line has only just become an input.
    const hidden = stall && lastAt < stall.untilMs && openedAt < stall.fromMs ? stall : undefined;
    // Each edge checks the loop too, so a stall that hid this edge began after the previous edge.
    const earliest = hidden === undefined ? now : hidden.fromMs;
    lastAt = now;
    if (level !== last) {
      last = level;
      notify(level, { earliestMs: earliest, latestMs: now });
    } else if (hidden !== undefined) {
      // At least two changes were missed: a press, or the release between two presses.
      const began = millis(now - hiddenPress);
      notify(level === 1 ? 0 : 1, { earliestMs: began, latestMs: began });
      notify(level, { earliestMs: now, latestMs: now });
    }
    // Otherwise a bounce that was over before its level was read.
  });
  let open = true;
  return {
    read: () => guardedLine(line, () => gpio.readSync()),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      if (!open) return;
      open = false;
      listeners.clear();
      closed();
      gpio.unexport();
    },
  };
}
