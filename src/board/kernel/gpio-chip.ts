/**
 * Converts a line number of the SoC (BCM) to the kernel's GPIO number.
 *
 * Guarantee: the chip is found by its label and the number is its base plus the line; there is no fixed
 * offset. The base differs by board and kernel (0, 512, 399, 569, 571 …), and a wrong one drives a line of
 * another chip. So anything uncertain is refused.
 */
import { errnoOf } from "../../base/errors.ts";
import { LineError } from "../../chips/lines.ts";
import { type SysFiles, systemFiles } from "./sysfs.ts";

export interface GpioChip {
  readonly label: string;
  /** Kernel number of the chip's line 0. */
  readonly base: number;
  /** Number of lines. */
  readonly lines: number;
}

export interface SysfsOptions {
  /** Where sysfs is mounted. Default "/sys". */
  readonly sysRoot?: string;
  readonly files?: SysFiles;
}

/** The directory of sysfs GPIO under a sysfs root. */
export const gpioClass = (sysRoot = "/sys"): string => `${sysRoot}/class/gpio`;

/** @returns every GPIO chip that sysfs shows, by base. @throws LineError "absent", "denied" */
export function listGpioChips({ sysRoot, files = systemFiles }: SysfsOptions = {}): GpioChip[] {
  const root = gpioClass(sysRoot);
  let names: string[];
  try {
    names = files.list(root);
  } catch (error) {
    throw unreadable(root, error);
  }
  const chips: GpioChip[] = [];
  for (const name of names) {
    if (!/^gpiochip\d+$/.test(name)) continue;
    const chip = readChip(`${root}/${name}`, files);
    if (chip !== undefined) chips.push(chip);
  }
  return chips.sort((a, b) => a.base - b.base);
}

/**
 * Finds the one chip that carries one of the labels.
 * @throws LineError "absent" when there is none, or more than one so that none is certain
 */
export function findGpioChip(labels: readonly string[], options: SysfsOptions = {}): GpioChip {
  const chips = listGpioChips(options);
  const matching = chips.filter((chip) => labels.includes(chip.label));
  const [chip] = matching;
  const wanted = labels.map((label) => `"${label}"`).join(" or ");
  const there = chips.map((c) => `"${c.label}" at ${c.base}`).join(", ") || "none";
  if (chip === undefined) {
    throw new LineError(
      "absent",
      `no GPIO chip is labelled ${wanted}; this kernel has: ${there}. Choose the board definition of this computer.`,
    );
  }
  if (matching.length > 1) {
    throw new LineError(
      "absent",
      `more than one GPIO chip is labelled ${wanted} (${there}): refusing to guess which has the relay. ` +
        "Name a single label in the board definition.",
    );
  }
  return chip;
}

/** @returns the kernel's number of a line. @throws LineError "absent" when the chip has no such line */
export function kernelNumber(chip: GpioChip, line: number): number {
  if (!Number.isInteger(line) || line < 0 || line >= chip.lines) {
    throw new LineError(
      "absent",
      `GPIO chip "${chip.label}" has lines 0 to ${chip.lines - 1}, there is no line ${line}. ` +
        "Correct the line in the board definition.",
    );
  }
  return chip.base + line;
}

/** A chip that vanishes while being read, or has invalid content, is not a candidate. */
function readChip(directory: string, files: SysFiles): GpioChip | undefined {
  try {
    const label = files.read(`${directory}/label`);
    const base = wholeNumber(files.read(`${directory}/base`));
    const lines = wholeNumber(files.read(`${directory}/ngpio`));
    return base === undefined || lines === undefined ? undefined : { label, base, lines };
  } catch {
    return undefined;
  }
}

const wholeNumber = (text: string): number | undefined => (/^\d{1,9}$/.test(text) ? Number(text) : undefined);

function unreadable(root: string, cause: unknown): LineError {
  if (errnoOf(cause) === "EACCES") {
    return new LineError(
      "denied",
      `${root} may not be read. Join the gpio group (sudo usermod -aG gpio $USER) and log in again.`,
      { cause },
    );
  }
  return new LineError("absent", `${root} does not exist: this kernel offers no sysfs GPIO`, { cause });
}
