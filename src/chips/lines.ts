/**
 * GPIO lines as the board sees them, numbered as the SoC numbers them (BCM), electrical levels 0 and 1.
 *
 * Guarantee asked of every implementation: an output line is at `initial` from the instant it is an output; a
 * line that cannot be had is a LineError, thrown before anything was driven.
 */
import type { Millis } from "../base/units.ts";

export type Level = 0 | 1;

export type LineErrorCode =
  /** No chip with one of the labels wanted, or the line is beyond it. */
  | "absent"
  /** Somebody else holds the line. */
  | "busy"
  /** Not permitted, by the system (EACCES) or by the manifest (EPERM). */
  | "denied"
  /** The package or its native part is missing. */
  | "no-driver"
  | "io";

export class LineError extends Error {
  readonly code: LineErrorCode;
  constructor(code: LineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LineError";
    this.code = code;
  }
}

export interface OutputLine {
  /** @throws LineError */
  write(level: Level): void;
  /** The line as it is, not as it was written. @throws LineError */
  read(): Level;
  /** Leaves the level as it is. */
  close(): void;
}

/** When a line changed, on the firmware's clock: between the two, which differ only where it was not seen to happen. */
export interface EdgeTime {
  readonly earliestMs: Millis;
  readonly latestMs: Millis;
}

export type EdgeListener = (level: Level, time: EdgeTime) => void;

/** Where an input's line goes inside the chip while nothing outside drives it. */
export type Pull = "up" | "down";

export interface InputLine {
  /** @throws LineError */
  read(): Level;
  /**
   * Calls back on every level change, undebounced, in order. Returns a function that ends it. A stall of the loop
   * neither loses a press nor makes it longer than it can have been.
   */
  onChange(listener: EdgeListener): () => void;
  close(): void;
}

export interface GpioPort {
  openOutput(line: number, initial: Level): Promise<OutputLine>;
  /** @param pull kept where the back end can set one; sysfs cannot, there config.txt does */
  openInput(line: number, pull?: Pull): Promise<InputLine>;
  close(): void;
}
