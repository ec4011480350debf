/**
 * Model of a chip that consists of registers: the LCD's colour backlight, the hat's ADC.
 *
 * Guarantee: the first byte of a write sets the register pointer, further bytes are stored from there; a read begins at
 * the pointer. Registers without a value read as 0.
 */
import type { BusDevice } from "../virtual-hat/virtual-bus.ts";

export class RegisterModel implements BusDevice {
  readonly #registers: Map<number, number>;
  readonly #width: 1 | 2;
  #pointer = 0;

  /** @param width bytes of a register; two are sent low byte first */
  constructor(preset: Iterable<readonly [register: number, value: number]> = [], width: 1 | 2 = 1) {
    this.#registers = new Map(preset);
    this.#width = width;
  }

  register(index: number): number {
    return this.#registers.get(index) ?? 0;
  }

  write(bytes: Uint8Array): boolean {
    const [pointer, ...values] = bytes;
    if (pointer === undefined) return true;
    this.#pointer = pointer;
    values.forEach((value, offset) => {
      this.#registers.set(pointer + offset, value);
    });
    return true;
  }

  read(length: number): Uint8Array {
    return Uint8Array.from({ length }, (_, index) => {
      const value = this.register(this.#pointer + Math.floor(index / this.#width));
      return (value >> (8 * (index % this.#width))) & 0xff;
    });
  }
}
