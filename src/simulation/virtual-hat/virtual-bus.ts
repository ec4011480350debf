/**
 * A virtual I²C bus: chip models at addresses, injected faults, and the duration of real transfers.
 *
 * Guarantee: transfers run in the order of the calls and never overlap. An address without a chip answers
 * with NACK. No failure, injected or not, affects later transfers.
 */

import type { Clock } from "../../base/clock.ts";
import type { Millis } from "../../base/units.ts";
import { millis } from "../../base/units.ts";
import { BusError, type BusErrorCode, type I2cBus } from "../../chips/bus.ts";

/** A chip on the bus. */
export interface BusDevice {
  /** Receives a complete write, at its STOP condition. @returns `false` when the chip does not acknowledge */
  write(bytes: Uint8Array): boolean;
  /** @returns exactly `length` bytes, sampled when the chip is addressed; `undefined` for a NACK */
  read(length: number): Uint8Array | undefined;
}

/** `bad-crc` flips one bit of the data read, a different bit each time. All others fail with a BusError. */
export type BusFaultKind = BusErrorCode | "bad-crc";

export interface BusFault {
  readonly kind: BusFaultKind;
  /** The address affected. Default: all addresses. */
  readonly address?: number | undefined;
  /** The number of transfers that fail. Default: no limit. */
  readonly count?: number | undefined;
  /** How long the fault lasts. Default: no limit. */
  readonly duration?: Millis | undefined;
}

/** Bus statistics for one address. */
export interface Traffic {
  readonly transfers: number;
  readonly bytesWritten: number;
  readonly bytesRead: number;
  /** Failed transfers, whatever the cause. */
  readonly failures: number;
}

export interface VirtualBusOptions {
  /** Bits per second. Default: 100,000. With Infinity, transfers take no time. */
  readonly speed?: number;
  /**
   * Shorter waits accumulate until they reach this length: real timers have a resolution of 1 ms and would
   * make every short transfer three times as long. Default: 0 (exact).
   */
  readonly timerResolution?: Millis;
  /** How long a transfer on a stuck bus blocks before the driver gives up. Default: 1 s. */
  readonly timeout?: Millis;
}

interface LiveFault extends BusFault {
  left: number;
  readonly endsAt: number;
}

type ActiveFault = { readonly kind: BusFaultKind; readonly turn: number };
type Tally = { -readonly [Key in keyof Traffic]: Traffic[Key] };

export class VirtualBus implements I2cBus {
  readonly #clock: Clock;
  readonly #speed: number;
  readonly #timeout: Millis;
  readonly #timerResolution: Millis;
  /** Transfer time in ms that has accumulated but was not yet waited for. */
  #unwaitedMs = 0;
  readonly #devices = new Map<number, BusDevice>();
  readonly #traffic = new Map<number, Tally>();
  #faults: LiveFault[] = [];
  #flips = 0;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(clock: Clock, options: VirtualBusOptions = {}) {
    this.#clock = clock;
    this.#speed = options.speed ?? 100_000;
    this.#timeout = options.timeout ?? millis(1000);
    this.#timerResolution = options.timerResolution ?? millis(0);
  }

  plug(address: number, device: BusDevice): void {
    this.#devices.set(address, device);
  }

  unplug(address: number): void {
    this.#devices.delete(address);
  }

  /** Injects a fault now. The oldest matching fault applies. @returns a function that ends the fault */
  inject(fault: BusFault): () => void {
    const live: LiveFault = {
      ...fault,
      left: fault.count ?? Number.POSITIVE_INFINITY,
      endsAt: this.#clock.now() + (fault.duration ?? Number.POSITIVE_INFINITY),
    };
    this.#faults.push(live);
    return () => {
      live.left = 0;
    };
  }

  traffic(address: number): Traffic {
    return { ...this.#tally(address) };
  }

  write(address: number, bytes: Uint8Array): Promise<void> {
    // The caller may reuse its buffer while the transfer waits its turn.
    const sent = Uint8Array.from(bytes);
    return this.#enqueue(address, async (fault, tally) => {
      await this.#failTransfer(fault, address);
      const device = this.#devices.get(address);
      await this.#waitForBytes(device === undefined ? 0 : sent.length);
      if (device === undefined || !device.write(sent)) throw nack(address);
      tally.bytesWritten += sent.length;
    });
  }

  read(address: number, length: number): Promise<Uint8Array> {
    return this.#enqueue(address, async (fault, tally) => {
      await this.#failTransfer(fault, address);
      const answer = this.#devices.get(address)?.read(length);
      await this.#waitForBytes(answer === undefined ? 0 : length);
      if (answer === undefined) throw nack(address);
      tally.bytesRead += length;
      return fault?.kind === "bad-crc" ? flipped(answer, fault.turn) : answer;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#tail;
  }

  #enqueue<T>(
    address: number,
    transfer: (fault: ActiveFault | undefined, tally: Tally) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) return Promise.reject(new BusError("absent", "the virtual bus is closed"));
    if (!Number.isInteger(address) || address < 0 || address > 0x7f) {
      return Promise.reject(new RangeError(`an I²C address is an integer from 0 to 127, got ${address}`));
    }
    const tally = this.#tally(address);
    const result = this.#tail.then(async () => {
      tally.transfers++;
      try {
        return await transfer(this.#faultFor(address), tally);
      } catch (error) {
        tally.failures++;
        throw error;
      }
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** @returns the fault that applies to this transfer. Counts this use of it. */
  #faultFor(address: number): ActiveFault | undefined {
    const now = this.#clock.now();
    this.#faults = this.#faults.filter((fault) => fault.left > 0 && now < fault.endsAt);
    const fault = this.#faults.find((each) => each.address === undefined || each.address === address);
    if (fault === undefined) return undefined;
    fault.left--;
    return { kind: fault.kind, turn: this.#flips++ };
  }

  async #failTransfer(fault: ActiveFault | undefined, address: number): Promise<void> {
    if (fault === undefined || fault.kind === "bad-crc") return;
    if (fault.kind === "timeout") await this.#clock.sleep(this.#timeout);
    else await this.#waitForBytes(0);
    throw new BusError(fault.kind, `${fault.kind} at address ${hex(address)} (a virtual fault)`);
  }

  /** Waits for the transfer time: nine bits each for the address and every byte, plus START and STOP. */
  async #waitForBytes(bytes: number): Promise<void> {
    const duration = ((9 * (1 + bytes) + 2) / this.#speed) * 1000;
    this.#unwaitedMs += duration;
    if (this.#unwaitedMs <= 0 || this.#unwaitedMs < this.#timerResolution) return;
    const wait = millis(this.#unwaitedMs);
    this.#unwaitedMs = 0;
    await this.#clock.sleep(wait);
  }

  #tally(address: number): Tally {
    const known = this.#traffic.get(address);
    if (known !== undefined) return known;
    const fresh = { transfers: 0, bytesWritten: 0, bytesRead: 0, failures: 0 };
    this.#traffic.set(address, fresh);
    return fresh;
  }
}

/** Flips one bit. `turn` selects the byte and the bit, so that every byte is hit in turn. */
function flipped(bytes: Uint8Array, turn: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = turn % Math.max(1, copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << (turn % 8));
  return copy;
}

function nack(address: number): BusError {
  return new BusError("nack", `no answer at address ${hex(address)}`);
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(2, "0")}`;
}
