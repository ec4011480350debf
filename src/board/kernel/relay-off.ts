/**
 * Turns the relay off with file operations alone: for the guardian, before the firmware starts and after it
 * has ended.
 *
 * Guarantee (SR-01, SR-10): synchronous, without a package, ends within about 300 ms, and never throws. It
 * works whether or not a process has the line exported, leaves the line driven off, and claims success only
 * when the line was read back off.
 */

import { errnoOf, messageOf } from "../../base/errors.ts";
import { type Level, LineError, type LineErrorCode } from "../../chips/lines.ts";
import type { Wiring } from "../../chips/wiring.ts";
import { findGpioChip, gpioClass, kernelNumber, type SysfsOptions } from "./gpio-chip.ts";
import { type SysFiles, systemFiles } from "./sysfs.ts";

/** The files that another program must write to turn the relay off, once this process has found the line. */
export interface OffFiles {
  readonly kernelNumber: number;
  readonly exportFile: string;
  readonly valueFile: string;
  readonly directionFile: string;
  /** For `valueFile`, with active_low cleared: the electrical level. */
  readonly offLevel: Level;
}

export type RelayOffResult =
  | {
      readonly ok: true;
      readonly kernelNumber: number;
      readonly files: OffFiles;
      /** The line's level as found; `undefined` when nobody had it exported. */
      readonly before: Level | undefined;
      readonly after: Level;
    }
  | (RelayOffFailure & {
      /** Absent when the line could not be found. */
      readonly files?: OffFiles;
    });

export interface RelayOffFailure {
  readonly ok: false;
  /** `still-on`: everything was written, and the line still reads on. */
  readonly code: LineErrorCode | "still-on";
  readonly cause: string;
  readonly remedy: string;
}

// udev hands a freshly exported line to the gpio group a moment after the export: 40 × 5 ms.
const RETRIES = 40;
const RETRY_MS = 5;

/** Forces the relay's line to its off level. Values and level are electrical; see RelayOffResult. */
export function forceRelayOff(
  wiring: Pick<Wiring, "gpioChipLabels" | "relay">,
  options: SysfsOptions = {},
): RelayOffResult {
  const files = options.files ?? systemFiles;
  try {
    const chip = findGpioChip(wiring.gpioChipLabels, options);
    const number = kernelNumber(chip, wiring.relay.line);
    const off: Level = wiring.relay.activeLevel === 1 ? 0 : 1;
    const root = gpioClass(options.sysRoot);
    const line = `${root}/gpio${number}`;
    const before = files.exists(line) ? levelOf(line, files) : undefined;
    const after = retrying(files, () => {
      exportLine(root, number, files);
      driveOff(line, off, files);
      return rawLevel(line, files);
    });
    const written = offFiles(root, number, off);
    if (after === off) return { ok: true, kernelNumber: number, files: written, before, after };
    return { ...stillOn(number, off, after), files: written };
  } catch (error) {
    return relayOffFailure(error);
  }
}

export const stillOn = (line: number, off: Level, after: Level): RelayOffFailure => ({
  ok: false,
  code: "still-on",
  cause: `line ${line} was driven ${off === 0 ? "low" : "high"} and still reads ${after}`,
  remedy: "Something outside drives the line: cut the heater's supply, then check the relay's wiring.",
});

const offFiles = (root: string, number: number, offLevel: Level): OffFiles => ({
  kernelNumber: number,
  exportFile: `${root}/export`,
  valueFile: `${root}/gpio${number}/value`,
  directionFile: `${root}/gpio${number}/direction`,
  offLevel,
});

function exportLine(root: string, number: number, files: SysFiles): void {
  const line = `${root}/gpio${number}`;
  if (files.exists(line)) return;
  try {
    files.write(`${root}/export`, String(number));
  } catch (error) {
    // Another process has exported it meanwhile, which is fine.
    if (!files.exists(line)) throw error;
  }
}

function driveOff(line: string, off: Level, files: SysFiles): void {
  try {
    // "low" and "high" make it an output and set the level in one step, electrically, whatever active_low
    // says (Documentation/admin-guide/gpio/sysfs.rst), so the relay never sees the on level in between.
    files.write(`${line}/direction`, off === 0 ? "low" : "high");
  } catch (error) {
    // The kernel may have fixed the direction (EPERM): then only the value can be written.
    if (errnoOf(error) !== "EPERM") throw error;
  }
  // `value` does follow active_low, so clear what another process may have set before writing and reading it.
  if (files.read(`${line}/active_low`) !== "0") files.write(`${line}/active_low`, "0");
  files.write(`${line}/value`, String(off));
}

/** Electrical level of an exported line; `undefined` when it cannot be read, which must not stop this. */
function levelOf(line: string, files: SysFiles): Level | undefined {
  try {
    const inverted = files.read(`${line}/active_low`) === "1";
    const level = rawLevel(line, files);
    if (!inverted) return level;
    return level === 1 ? 0 : 1;
  } catch {
    return undefined;
  }
}

const rawLevel = (line: string, files: SysFiles): Level => (files.read(`${line}/value`) === "0" ? 0 : 1);

/**
 * Repeats the whole sequence while files are missing or not writable yet: udev is still working, or another
 * process has just unexported the line.
 */
function retrying<T>(files: SysFiles, action: () => T): T {
  for (let attempt = 0; ; attempt++) {
    try {
      return action();
    } catch (error) {
      const code = errnoOf(error);
      if (attempt >= RETRIES || (code !== "EACCES" && code !== "ENOENT")) throw error;
      files.blockFor(RETRY_MS);
    }
  }
}

/** Why the relay could not be turned off, with the next step; for either back end. */
export function relayOffFailure(error: unknown): RelayOffFailure {
  if (error instanceof LineError) {
    const remedy =
      error.code === "absent"
        ? "Run grove-heater doctor to see the GPIO chips, and name the right board."
        : "Cut the heater's supply if it is on, then run grove-heater doctor.";
    return { ok: false, code: error.code, cause: error.message, remedy };
  }
  const cause = messageOf(error);
  switch (errnoOf(error)) {
    case "EACCES":
    case "EPERM":
      return {
        ok: false,
        code: "denied",
        cause,
        remedy: "Join the gpio group (sudo usermod -aG gpio $USER) and log in again, or use sudo.",
      };
    case "EBUSY":
      return {
        ok: false,
        code: "busy",
        cause,
        remedy:
          "A driver or another program holds the line: sudo cat /sys/kernel/debug/gpio names it. Stop it, or " +
          "remove its overlay from config.txt.",
      };
    case "ENOENT":
    case "EINVAL":
      return {
        ok: false,
        code: "absent",
        cause,
        remedy: "The kernel does not offer this line: check the board definition with grove-heater board.",
      };
    default:
      return {
        ok: false,
        code: "io",
        cause,
        remedy: "Cut the heater's supply, then run grove-heater doctor.",
      };
  }
}
