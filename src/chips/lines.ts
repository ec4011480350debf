/**
 * The GPIO port: lines by their BCM number, electrical levels 0 and 1.
 *
 * Every implementation must guarantee: an output line has the level `initial` from the moment it becomes an output; an
 * unavailable line is a LineError, thrown before anything is driven.
 */
import type { Millis } from "../base/units.ts";

export type Level = 0 | 1;

export type LineErrorCode =
  /** No GPIO chip with a matching label, or it has no such line. */
  | "absent"
  /** Another process uses the line. */
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
  /** The actual level of the line, not the one written. @throws LineError */
  read(): Level;
  /** Leaves the level as it is. */
  close(): void;
}

/** The time of a level change on the firmware's clock; an interval when the change was not observed directly. */
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
   * Calls back on every level change, undebounced, in order. Returns a function that unsubscribes. A stall of the loop
   * neither loses nor lengthens a press.
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
