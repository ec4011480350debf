/**
 * GPIO chips, found through the kernel's character devices.
 *
 * Guarantee: the chip is found by its label, and refused where none or more than one has it; a line is the chip's own
 * number, which is that of the SoC (BCM) on every Raspberry Pi.
 */
import { errnoOf } from "../../../base/errors.ts";
import { LineError } from "../../../chips/lines.ts";
import { joinGroup } from "../line-error.ts";
import type { GpioDevices } from "./devices.ts";
import { decodeChipInfo, decodeLineInfo, encodeLineInfo, type LineInfo, requests, sizes } from "./uapi.ts";

export interface CharChip {
  readonly label: string;
  /** Path of its device. */
  readonly path: string;
  /** Number of lines. */
  readonly lines: number;
}

/** @throws LineError "absent", "denied", "no-driver" */
export function findCharChip(labels: readonly string[], devices: GpioDevices): CharChip {
  const wanted = labels.map((label) => `"${label}"`).join(" or ");
  const { chips, refused } = listCharChips(devices);
  const matching = chips.filter(({ label }) => labels.includes(label));
  const [chip] = matching;
  const found = chips.map(({ label, path }) => `"${label}" at ${path}`).join(", ") || "none";
  if (chip !== undefined && matching.length === 1) return chip;
  if (chip !== undefined) {
    throw new LineError(
      "absent",
      `more than one GPIO chip is labelled ${wanted} (${found}): refusing to guess which has the relay. ` +
        "Name a single label in the board definition.",
    );
  }
  if (refused.length > 0)
    throw new LineError("denied", `${refused.join(", ")} may not be opened: ${joinGroup}.`);
  throw new LineError(
    "absent",
    `no GPIO chip is labelled ${wanted}; this kernel has: ${found}. Choose the board definition of this computer.`,
  );
}

/** Every chip of this machine, and the devices that may not be opened. @throws LineError "no-driver" */
export function listCharChips(devices: GpioDevices): {
  readonly chips: readonly CharChip[];
  readonly refused: readonly string[];
} {
  const refused: string[] = [];
  const chips: CharChip[] = [];
  for (const path of paths(devices)) {
    const chip = readChip(path, devices);
    if (chip === "refused") refused.push(path);
    else if (chip !== undefined) chips.push(chip);
  }
  return { chips, refused };
}

/** Who holds a line, and how it is set. Needs no permission beyond opening the chip. @throws with an errno `code` */
export function readLineInfo(chip: CharChip, line: number, devices: GpioDevices): LineInfo {
  return withChip(chip.path, devices, (descriptor) => {
    const bytes = encodeLineInfo(line);
    devices.ioctl(descriptor, requests.lineInfo, bytes);
    return decodeLineInfo(bytes);
  });
}

/** Opens the chip for one action. @throws with an errno `code`, or an error of `act` */
export function withChip<T>(path: string, devices: GpioDevices, act: (descriptor: number) => T): T {
  const descriptor = devices.open(path);
  try {
    return act(descriptor);
  } finally {
    devices.close(descriptor);
  }
}

function paths(devices: GpioDevices): string[] {
  try {
    return devices.list();
  } catch {
    return [];
  }
}

/** A chip that vanishes while being read, or a device that is not a GPIO chip, is not a candidate. */
function readChip(path: string, devices: GpioDevices): CharChip | "refused" | undefined {
  try {
    return withChip(path, devices, (descriptor) => {
      const bytes = new Uint8Array(sizes.chipInfo);
      devices.ioctl(descriptor, requests.chipInfo, bytes);
      const { label, lines } = decodeChipInfo(bytes);
      return { label, path, lines };
    });
  } catch (error) {
    if (error instanceof LineError) throw error;
    const code = errnoOf(error);
    return code === "EACCES" || code === "EPERM" ? "refused" : undefined;
  }
}
