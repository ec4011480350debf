/**
 * The few calls that GPIO character devices need, synchronous and replaceable in tests.
 *
 * Guarantee: no call waits for a device; every error carries the system's errno code unchanged. The native
 * part that makes the calls is loaded by the first call that needs it.
 */
import { closeSync, constants, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { errnoOf } from "../../../base/errors.ts";
import { LineError } from "../../../chips/lines.ts";
import { errnoName, type KernelCalls, kernelCalls } from "../kernel-calls.ts";

export interface GpioDevices {
  /** Paths of the chips, such as /dev/gpiochip0. @throws with an errno `code` */
  list(): string[];
  /** @throws with an errno `code` */
  open(path: string): number;
  close(descriptor: number): void;
  /** @throws with an errno `code`; LineError "no-driver" where the native part is missing */
  ioctl(descriptor: number, request: number, bytes: Uint8Array): void;
  /** @returns how many bytes were read; 0: nothing to read. @throws with an errno `code` */
  read(descriptor: number, bytes: Uint8Array): number;
}

/** A machine without GPIO devices, as for the virtual hat. */
export const noDevices: GpioDevices = {
  list: () => [],
  open: (path) => {
    throw Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: "ENOENT" });
  },
  close() {},
  ioctl() {},
  read: () => 0,
};

/**
 * @param addon path of the native part (native/kernel-calls.c), as the build made it
 * @param folder where the devices are
 */
export function systemDevices(addon: string, folder = "/dev"): GpioDevices {
  return {
    list: () =>
      readdirSync(folder)
        .filter((name) => /^gpiochip\d+$/.test(name))
        .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
        .map((name) => join(folder, name)),
    open: (path) => openSync(path, constants.O_RDWR | constants.O_NONBLOCK),
    close: (descriptor) => closeSync(descriptor),
    ioctl(descriptor, request, bytes) {
      const errno = calls(addon).ioctl(descriptor, request, bytes);
      if (errno === 0) return;
      const code = errnoName(errno);
      throw Object.assign(new Error(`${code}: ioctl 0x${request.toString(16)}`), { code });
    },
    read(descriptor, bytes) {
      try {
        return readSync(descriptor, bytes, 0, bytes.length, null);
      } catch (error) {
        if (errnoOf(error) === "EAGAIN") return 0;
        throw error;
      }
    },
  };
}

/** @throws LineError "no-driver" */
function calls(path: string): KernelCalls {
  try {
    return kernelCalls(path);
  } catch (cause) {
    throw new LineError(
      "no-driver",
      `the native part for the kernel's GPIO character device (${path}) is missing: ` +
        "sudo apt install build-essential, then in the program's folder: npm run build.",
      { cause },
    );
  }
}
