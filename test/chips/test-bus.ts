/** A bus that records every transfer, hands it to the devices put on it, and fails when told to. */
import { BusError, type BusErrorCode, type I2cBus } from "../../src/chips/bus.ts";

export interface TestDevice {
  write?(bytes: Uint8Array): void;
  read?(length: number): Uint8Array;
}

export type Transfer =
  | { readonly kind: "write"; readonly address: number; readonly bytes: number[] }
  | { readonly kind: "read"; readonly address: number; readonly length: number };

/** What befalls one transfer: a bus error, silence for ever, or somebody else's exception. */
export type Mishap = BusErrorCode | "hang" | "throw";

export class TestBus implements I2cBus {
  readonly transfers: Transfer[] = [];
  readonly devices = new Map<number, TestDevice>();
  /** Asked before each transfer. */
  mishap: (transfer: Transfer) => Mishap | undefined = () => undefined;
  /** Called with each transfer as it begins, e.g. to note the time. */
  onTransfer: (transfer: Transfer) => void = () => {};

  async write(address: number, bytes: Uint8Array): Promise<void> {
    await this.#begin({ kind: "write", address, bytes: [...bytes] });
    const device = this.devices.get(address);
    if (!device?.write) throw new BusError("nack", `nobody at 0x${address.toString(16)}`);
    device.write(bytes);
  }

  async read(address: number, length: number): Promise<Uint8Array> {
    await this.#begin({ kind: "read", address, length });
    const device = this.devices.get(address);
    if (!device?.read) throw new BusError("nack", `nobody at 0x${address.toString(16)}`);
    return device.read(length);
  }

  async close(): Promise<void> {}

  /** Bytes on the wire, the address byte of each transfer included. */
  get bytesOnWire(): number {
    return this.transfers.reduce((sum, t) => sum + 1 + (t.kind === "write" ? t.bytes.length : t.length), 0);
  }

  /** The payloads of all writes so far, as hex strings. */
  get written(): string[] {
    return this.transfers.flatMap((t) => (t.kind === "write" ? [hex(t.bytes)] : []));
  }

  #begin(transfer: Transfer): Promise<void> {
    this.transfers.push(transfer);
    this.onTransfer(transfer);
    const mishap = this.mishap(transfer);
    if (mishap === "hang") return new Promise(() => {});
    if (mishap === "throw") return Promise.reject(new TypeError("not a bus error"));
    if (mishap) return Promise.reject(new BusError(mishap, `made to fail: ${mishap}`));
    return Promise.resolve();
  }
}

export function hex(bytes: Iterable<number>): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
