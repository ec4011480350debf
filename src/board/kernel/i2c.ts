/**
 * The I²C bus of the Linux kernel (/dev/i2c-N) over the package i2c-bus, which only this file loads.
 *
 * Guarantee: transfers run on the thread pool, in the order of the calls, never on the event loop; each
 * settles within a time limit even if the kernel never ends it; every failure is a BusError whose message
 * names the next step; a failed transfer does not affect the next.
 */

import { access, constants } from "node:fs/promises";
import type { PromisifiedBus } from "i2c-bus";
import type { Clock } from "../../base/clock.ts";
import { errnoOf, messageOf } from "../../base/errors.ts";
import { type Millis, seconds } from "../../base/units.ts";
import { BusError, type BusErrorCode, type I2cBus } from "../../chips/bus.ts";
import { TransferQueue } from "./transfer-queue.ts";

/** The part of the package i2c-bus that is used. */
export interface I2cPackage {
  openPromisified(bus: number): Promise<PromisifiedBus>;
}

export interface KernelI2cOptions {
  readonly clock: Clock;
  /** Longest wait for one transfer. The controller's own limit is 1 s a message (i2c-bcm2835). */
  readonly limit?: Millis;
  /** For tests: loads the package. */
  readonly load?: () => Promise<I2cPackage>;
  /** For tests: rejects with an errno code when the device file cannot be used. */
  readonly probe?: (path: string) => Promise<void>;
}

/**
 * Opens bus `number`. The package itself reports a missing device only at the first transfer, so the device
 * file is tried first.
 * @throws BusError "absent", "denied", "no-driver"
 */
export async function openKernelI2c(number: number, options: KernelI2cOptions): Promise<I2cBus> {
  const path = `/dev/i2c-${number}`;
  const probe = options.probe ?? ((file: string) => access(file, constants.R_OK | constants.W_OK));
  try {
    await probe(path);
  } catch (error) {
    throw unusable(path, error);
  }
  let native: I2cPackage;
  try {
    native = await (options.load ?? (() => import("i2c-bus")))();
  } catch (cause) {
    throw new BusError(
      "no-driver",
      "the package i2c-bus, or its native part, is missing: sudo apt install build-essential python3, " +
        "then npm rebuild i2c-bus.",
      { cause },
    );
  }
  return new KernelI2c(
    path,
    () => native.openPromisified(number),
    options.clock,
    options.limit ?? seconds(2),
  );
}

/**
 * Each transfer that the kernel does not end blocks one of the pool's four threads, which the disk needs too.
 */
const maxStuck = 2;

class KernelI2c implements I2cBus {
  readonly #path: string;
  readonly #open: () => Promise<PromisifiedBus>;
  readonly #clock: Clock;
  readonly #limit: Millis;
  readonly #queue = new TransferQueue();
  #bus: PromisifiedBus | undefined;
  /** Transfers that timed out and that the kernel has not ended. */
  #stuck = 0;

  constructor(path: string, open: () => Promise<PromisifiedBus>, clock: Clock, limit: Millis) {
    this.#path = path;
    this.#open = open;
    this.#clock = clock;
    this.#limit = limit;
  }

  write(address: number, bytes: Uint8Array): Promise<void> {
    // A copy: the caller may reuse its buffer, while a transfer that timed out may still read from this one.
    const buffer = Buffer.from(bytes);
    return this.#transfer(address, async (bus) => {
      const { bytesWritten } = await bus.i2cWrite(address, buffer.length, buffer);
      if (bytesWritten !== buffer.length) throw shortTransfer(address, bytesWritten, buffer.length);
    });
  }

  read(address: number, length: number): Promise<Uint8Array> {
    return this.#transfer(address, async (bus) => {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await bus.i2cRead(address, length, buffer);
      if (bytesRead !== length) throw shortTransfer(address, bytesRead, length);
      return Uint8Array.from(buffer);
    });
  }

  async close(): Promise<void> {
    await this.#queue.close();
    const bus = this.#bus;
    this.#bus = undefined;
    await bus?.close();
  }

  #transfer<T>(address: number, action: (bus: PromisifiedBus) => Promise<T>): Promise<T> {
    if (this.#queue.closed) return Promise.reject(new BusError("absent", `${this.#path} has been closed`));
    return this.#queue.run(async () => {
      try {
        return await this.#once(action);
      } catch (error) {
        throw error instanceof BusError ? error : transferError(this.#path, address, error);
      }
    });
  }

  async #once<T>(action: (bus: PromisifiedBus) => Promise<T>): Promise<T> {
    if (this.#stuck >= maxStuck) {
      throw new BusError("timeout", `${this.#path} is stuck: earlier transfers have not ended yet`);
    }
    this.#bus ??= await this.#open();
    const bus = this.#bus;
    const transfer = action(bus);
    try {
      return await this.#withinLimit(bus, transfer);
    } catch (error) {
      // After EBUSY the package keeps a descriptor without an address: later transfers would reach a wrong
      // chip.
      if (errnoOf(error) === "EBUSY") this.#discard(bus, transfer);
      throw error;
    }
  }

  #withinLimit<T>(bus: PromisifiedBus, transfer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.setTimer(this.#limit, () => {
        this.#stuck++;
        this.#discard(bus, transfer);
        const settled = () => {
          this.#stuck--;
        };
        transfer.then(settled, settled);
        reject(new BusError("timeout", `${this.#path} gave no answer within ${this.#limit} ms`));
      });
      transfer.then(resolve, reject).finally(cancel);
    });
  }

  /**
   * The next transfer opens a new bus object. The old one is closed only when its transfer has ended: closed
   * earlier, its descriptor's number could meanwhile be a file's, and the bytes would land there.
   */
  #discard(bus: PromisifiedBus, transfer: Promise<unknown>): void {
    if (this.#bus === bus) this.#bus = undefined;
    const close = () => {
      bus.close().catch(() => undefined);
    };
    transfer.then(close, close);
  }
}

const hex = (address: number): string => `0x${address.toString(16).padStart(2, "0")}`;

function shortTransfer(address: number, done: number, wanted: number): BusError {
  return new BusError("io", `transfer with ${hex(address)} ended after ${done} of ${wanted} bytes`);
}

const enableI2c = "enable I²C (sudo raspi-config nonint do_i2c 0) and restart";
const joinGroup = "join the i2c group (sudo usermod -aG i2c $USER) and log in again";

function unusable(path: string, cause: unknown): BusError {
  switch (errnoOf(cause)) {
    case "ENOENT":
      return new BusError("absent", `${path} does not exist: ${enableI2c}.`, { cause });
    case "EACCES":
    case "EPERM":
      return new BusError("denied", `${path} may not be used: ${joinGroup}.`, { cause });
    default:
      return new BusError("io", `${path} cannot be used: ${messageOf(cause)}`, { cause });
  }
}

/** Codes as Documentation/i2c/fault-codes.rst of the kernel gives them. */
const codeOfErrno: Readonly<Record<string, BusErrorCode>> = {
  EREMOTEIO: "nack",
  ENXIO: "nack",
  ETIMEDOUT: "timeout",
  EAGAIN: "io",
  EIO: "io",
  EBUSY: "busy",
  ENOENT: "absent",
  ENODEV: "absent",
  EACCES: "denied",
  EPERM: "denied",
};

function transferError(path: string, address: number, cause: unknown): BusError {
  const code = codeOfErrno[errnoOf(cause) ?? ""] ?? "io";
  const hints: Partial<Record<BusErrorCode, string>> = {
    busy: "; a kernel driver has the address: remove its overlay from config.txt",
    absent: `; ${enableI2c}`,
    denied: `; ${joinGroup}`,
  };
  return new BusError(code, `${path}, address ${hex(address)}: ${messageOf(cause)}${hints[code] ?? ""}`, {
    cause,
  });
}
