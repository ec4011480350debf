/** The lines of a hat, resolved from the board definitions (boards/). */
import type { Pull } from "./lines.ts";

/** A part on one GPIO line. */
export interface WiredLine {
  /** The `$NAME` of the board definition, without the `$`. */
  readonly name: string;
  /** The line as the SoC numbers it (BCM). */
  readonly line: number;
  /** The level that means on, lit or pressed. */
  readonly activeLevel: 0 | 1;
  /** The level that the SoC pulls it to from reset on; absent: it floats. */
  readonly bootLevel?: 0 | 1;
  /** The hat's name for the wire that it plugs into, as in `D16_YELLOW`. */
  readonly socket?: string;
}

/**
 * Pull towards the level at which a button is not pressed. Without its cable, a line that is pulled the other
 * way reads as a button held for ever, and a floating one as random presses when somebody comes near (SR-13).
 */
export const idlePull = ({ activeLevel }: WiredLine): Pull => (activeLevel === 1 ? "down" : "up");

export interface Wiring {
  /** Name of the application-layer definition. */
  readonly board: string;
  /** `kernel`: real Linux drivers; `virtual`: the simulated hat. */
  readonly backend: "kernel" | "virtual";
  /** Labels under which the SoC's GPIO chip may appear in the kernel. */
  readonly gpioChipLabels: readonly string[];
  readonly i2cBus: number;
  readonly relay: WiredLine;
  readonly buttonA: WiredLine;
  readonly buttonB: WiredLine;
  readonly modeButton: WiredLine;
  readonly modeLed: WiredLine;
  readonly statusLed: WiredLine;
}

/** What a `$NAME` of the board definition resolves to. */
export type ResolvedPeripheral =
  | { readonly type: "Gpio"; readonly line: number }
  /** `lines` are its data and clock line: no GPIO name may drive them. */
  | { readonly type: "I2cMaster"; readonly bus: number; readonly lines: readonly number[] };
