/**
 * One line that this process holds, or inherited from the process that started it.
 *
 * Guarantee: an output is at its level from the instant it is an output; while a descriptor of the request is open in
 * any process, no other process gets the line (EBUSY), and the error names the holder.
 */
import { errnoOf } from "../../../base/errors.ts";
import { type Level, LineError } from "../../../chips/lines.ts";
import { lineError, lineName } from "../line-error.ts";
import { type CharChip, readLineInfo, withChip } from "./chip.ts";
import type { GpioDevices } from "./devices.ts";
import {
  decodeValues,
  descriptorOf,
  encodeLineConfig,
  encodeLineRequest,
  encodeValues,
  flags,
  type LineConfig,
  type LineRequest,
  requests,
} from "./uapi.ts";

/** The name of the holder that other programs see on a held line. */
export const consumer = "grove-heater";
/** The same in native/relay-off.c. */
export const relayConsumer = "grove-heater relay";

export class HeldLine {
  readonly chip: CharChip;
  readonly line: number;
  /** Open as long as this process, or a process that inherits it, holds the line. */
  readonly descriptor: number;
  readonly #devices: GpioDevices;

  constructor(chip: CharChip, line: number, descriptor: number, devices: GpioDevices) {
    this.chip = chip;
    this.line = line;
    this.descriptor = descriptor;
    this.#devices = devices;
  }

  /** @throws with an errno `code` */
  read(): Level {
    const bytes = encodeValues(0);
    this.#devices.ioctl(this.descriptor, requests.getValues, bytes);
    return decodeValues(bytes);
  }

  /** @throws with an errno `code`: EPERM for an input */
  write(level: Level): void {
    this.#devices.ioctl(this.descriptor, requests.setValues, encodeValues(level));
  }

  /** Makes it an output at a level, or an input. @throws with an errno `code` */
  configure(config: LineConfig): void {
    this.#devices.ioctl(this.descriptor, requests.setConfig, encodeLineConfig(config));
  }

  /** When the last descriptor is closed, the driver decides which level the line has then. */
  release(): void {
    this.#devices.close(this.descriptor);
  }
}

/** @throws LineError, with the holder's name where the line is taken */
export function requestLine(chip: CharChip, request: LineRequest, devices: GpioDevices): HeldLine {
  const { line } = request;
  if (!Number.isInteger(line) || line < 0 || line >= chip.lines) {
    throw new LineError(
      "absent",
      `GPIO chip "${chip.label}" has lines 0 to ${chip.lines - 1}, there is no line ${line}. ` +
        "Correct the line in the board definition.",
    );
  }
  try {
    const descriptor = withChip(chip.path, devices, (open) => {
      const bytes = encodeLineRequest(request);
      devices.ioctl(open, requests.requestLine, bytes);
      return descriptorOf(bytes);
    });
    return new HeldLine(chip, line, descriptor, devices);
  } catch (error) {
    if (error instanceof LineError) throw error;
    const holder = errnoOf(error) === "EBUSY" ? holderOf(chip, line, devices) : undefined;
    throw lineError(line, error, holder);
  }
}

/**
 * Adopts a line that the parent process holds, by the descriptor that it passed on.
 * @throws LineError when it is not the relay's line of that chip
 */
export function adoptLine(chip: CharChip, line: number, descriptor: number, devices: GpioDevices): HeldLine {
  const held = new HeldLine(chip, line, descriptor, devices);
  try {
    const info = readLineInfo(chip, line, devices);
    held.read();
    if (info.consumer === relayConsumer && info.flags & flags.output) return held;
  } catch (error) {
    throw lineError(line, error);
  }
  throw new LineError(
    "io",
    `${lineName(line)} is not the line that the guardian passed on: restart grove-heater`,
  );
}

/**
 * @returns the name that the holder gave; `undefined` where nobody holds the line, or the kernel does not
 * report it
 */
export function holderOf(chip: CharChip, line: number, devices: GpioDevices): string | undefined {
  try {
    const info = readLineInfo(chip, line, devices);
    if ((info.flags & flags.used) === 0) return undefined;
    return info.consumer === "" ? "unknown" : info.consumer;
  } catch {
    return undefined;
  }
}
