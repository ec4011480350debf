/**
 * The RGB backlight of some Grove 16x2 LCDs: a separate LED driver next to the text controller, at 0x62 up to
 * version 4 (PCA9633; needs 5 V on the socket) and at 0x30 from version 5 (SGM31323). Modules with black text
 * on a fixed colour have none.
 */
import { BusError, type I2cBus } from "./bus.ts";

/** Red, green, blue, each 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

export interface Backlight {
  readonly address: number;
  /** @throws BusError (as a rejection) */
  set(colour: Rgb): Promise<void>;
}

interface Kind {
  readonly address: number;
  /** Register and value pairs that initialize the driver. */
  readonly setup: readonly (readonly [register: number, value: number])[];
  /** PWM registers of red, green and blue. */
  readonly pwm: readonly [number, number, number];
}

const kinds: readonly Kind[] = [
  {
    address: 0x30,
    // Reset, then enable all channels, each controlled by its current register.
    setup: [
      [0x00, 0x07],
      [0x04, 0x15],
    ],
    pwm: [0x06, 0x07, 0x08],
  },
  {
    address: 0x62,
    // MODE1: oscillator on. MODE2: group dimming. LEDOUT: each channel has its own PWM (PCA9633 section 7.3).
    setup: [
      [0x00, 0x00],
      [0x01, 0x00],
      [0x08, 0xaa],
    ],
    pwm: [0x04, 0x03, 0x02],
  },
];

/** Finds and initializes the backlight. @returns `undefined` when none answers. Never throws a BusError. */
export async function findBacklight(bus: I2cBus): Promise<Backlight | undefined> {
  for (const { address, setup, pwm } of kinds) {
    const write = (register: number, value: number) => bus.write(address, Uint8Array.of(register, value));
    try {
      for (const [register, value] of setup) await write(register, value);
    } catch (error) {
      if (error instanceof BusError) continue;
      throw error;
    }
    return {
      address,
      async set(colour) {
        for (const [index, register] of pwm.entries()) await write(register, colour[index] ?? 0);
      },
    };
  }
  return undefined;
}
