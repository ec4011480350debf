/**
 * Chooses one of the kernel's two GPIO interfaces: sysfs or the character device.
 *
 * Guarantee: `auto` uses sysfs if it has the chip, otherwise the character device, so that an update of the
 * firmware changes nothing on a running unit. The difference matters when a line's last holder ends: on sysfs
 * the line keeps its level, on the character device its driver decides. Where only the character device
 * exists, as on a Raspberry Pi 5 with Raspberry Pi OS 13, it is used without a setting.
 */
import { LineError } from "../../chips/lines.ts";
import { type CharChip, findCharChip, listCharChips } from "./chardev/chip.ts";
import type { GpioDevices } from "./chardev/devices.ts";
import { findGpioChip, type GpioChip, gpioClass, listGpioChips } from "./gpio-chip.ts";
import { systemFiles } from "./sysfs.ts";

export type GpioBackend = "sysfs" | "chardev";
export type BackendSetting = "auto" | GpioBackend;

/** Where to look for the GPIO lines of a machine. */
export interface GpioSource {
  readonly backend: BackendSetting;
  /** Where sysfs is: /sys, or the virtual hat's own folder. */
  readonly sysRoot: string;
  readonly devices: GpioDevices;
}

export type FoundGpio =
  | { readonly backend: "sysfs"; readonly chip: GpioChip }
  | { readonly backend: "chardev"; readonly chip: CharChip };

/**
 * Finds the one chip that carries one of the labels, and the interface to its lines.
 * @throws LineError "absent", "denied", "no-driver" where the native part for the character device is missing
 */
export function findGpio(labels: readonly string[], source: GpioSource): FoundGpio {
  const { backend, devices } = source;
  if (backend === "chardev") return { backend, chip: findCharChip(labels, devices) };
  const sysfs = inSysfs(labels, source);
  if (!(sysfs instanceof LineError)) return { backend: "sysfs", chip: sysfs };
  if (backend === "sysfs") throw sysfs;
  try {
    return { backend: "chardev", chip: findCharChip(labels, devices) };
  } catch (error) {
    // The error of sysfs is more helpful: it names the chips that exist.
    if (hasSysfs(source)) throw sysfs;
    if (!(error instanceof LineError) || error.code !== "absent" || hasDevices(devices)) throw error;
    throw new LineError(
      "absent",
      `this kernel has no sysfs GPIO (${gpioClass(source.sysRoot)}) and no GPIO character device (/dev/gpiochip0)`,
      { cause: error },
    );
  }
}

/** The labels of all chips that either interface shows. */
export function gpioLabels({ sysRoot, devices }: GpioSource): string[] {
  const of = (chips: () => readonly { readonly label: string }[]): string[] => {
    try {
      return chips().map(({ label }) => label);
    } catch {
      return [];
    }
  };
  return [...of(() => listGpioChips({ sysRoot })), ...of(() => listCharChips(devices).chips)];
}

function inSysfs(labels: readonly string[], { sysRoot }: GpioSource): GpioChip | LineError {
  try {
    return findGpioChip(labels, { sysRoot });
  } catch (error) {
    if (error instanceof LineError) return error;
    throw error;
  }
}

/** sysfs without `export`, as in newer kernels, cannot be used (CONFIG_GPIO_SYSFS_LEGACY). */
const hasSysfs = ({ sysRoot }: GpioSource): boolean => systemFiles.exists(`${gpioClass(sysRoot)}/export`);

function hasDevices(devices: GpioDevices): boolean {
  try {
    return devices.list().length > 0;
  } catch {
    return false;
  }
}
