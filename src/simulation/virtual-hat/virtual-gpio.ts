/**
 * Virtual GPIO lines: driven by the SoC or from outside, with the resulting level.
 *
 * Guarantee: an output has its initial level before `openOutput` returns, and nothing is driven when it is refused; a
 * read returns the electrical level, not the level last written; listeners are called synchronously for each change.
 */

import type { Clock } from "../../base/clock.ts";
import type { Millis } from "../../base/units.ts";
import {
  type EdgeListener,
  type GpioPort,
  type InputLine,
  type Level,
  LineError,
  type LineErrorCode,
  type OutputLine,
} from "../../chips/lines.ts";

export interface LevelChange {
  readonly atMs: Millis;
  readonly level: Level;
}

/** The 40-pin header of a Raspberry Pi. */
const lineCount = 28;
/** After reset GPIO 0 to 8 are pulled up, 9 to 27 down (BCM2711 peripherals, table 94). */
const lastPulledUp = 8;
const historyLimit = 10_000;

interface Line {
  readonly number: number;
  readonly history: LevelChange[];
  readonly observers: Set<Listener>;
  changes: number;
  level: Level;
  /** Level driven by the SoC; `undefined`: an input. */
  output: Level | undefined;
  /** Level driven from outside. */
  outside: Level | undefined;
  /** Keeps this level, whatever is driven. */
  stuck: { readonly level: Level } | undefined;
  openError: LineErrorCode | undefined;
  handle: Handle | undefined;
}

/** The current user of the line. */
interface Handle {
  open: boolean;
  readonly listeners: Set<EdgeListener>;
}

type Listener = (level: Level) => void;

export class VirtualGpio implements GpioPort {
  readonly #clock: Clock;
  readonly #lines: readonly Line[];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lines = Array.from({ length: lineCount }, (_, number) => freshLine(number));
  }

  openOutput(number: number, initial: Level): Promise<OutputLine> {
    return this.#open(number, (line, handle) => {
      line.output = initial;
      this.#update(line);
      return {
        write: (level) => {
          requireOpen(line, handle);
          line.output = level;
          this.#update(line);
        },
        read: () => readOpen(line, handle),
        close: () => release(line, handle),
      };
    });
  }

  openInput(number: number): Promise<InputLine> {
    return this.#open(number, (line, handle) => {
      line.output = undefined;
      this.#update(line);
      return {
        read: () => readOpen(line, handle),
        onChange: (listener) => {
          requireOpen(line, handle);
          // A function of its own, so that the same listener can be added twice.
          const own: EdgeListener = (level, time) => listener(level, time);
          handle.listeners.add(own);
          return () => handle.listeners.delete(own);
        },
        close: () => release(line, handle),
      };
    });
  }

  /** Closes all lines; levels stay unchanged, as when a process ends. Lines can be opened again. */
  close(): void {
    for (const line of this.#lines) {
      if (line.handle !== undefined) release(line, line.handle);
    }
  }

  /** Power-on reset: the SoC drives no line. */
  powerUp(): void {
    this.close();
    for (const line of this.#lines) {
      line.output = undefined;
      this.#update(line);
    }
  }

  level(number: number): Level {
    return this.#line(number).level;
  }

  /** Whether the SoC drives the line. */
  isOutput(number: number): boolean {
    return this.#line(number).output !== undefined;
  }

  /**
   * Drives the line from outside; `undefined` releases it to the SoC's pull resistor.
   * @param atMs the time of the change, for a caller that was delayed; default: now
   */
  drive(number: number, level: Level | undefined, atMs?: Millis): void {
    const line = this.#line(number);
    line.outside = level;
    this.#update(line, atMs);
  }

  /** Holds the line at a level (default: the current one), whatever is driven. @returns ends it */
  stick(number: number, level?: Level): () => void {
    const line = this.#line(number);
    const stuck = { level: level ?? line.level };
    line.stuck = stuck;
    this.#update(line);
    return () => {
      if (line.stuck !== stuck) return;
      line.stuck = undefined;
      this.#update(line);
    };
  }

  /** Refuses to open the line. @returns ends it */
  refuse(number: number, code: LineErrorCode): () => void {
    const line = this.#line(number);
    line.openError = code;
    return () => {
      line.openError = undefined;
    };
  }

  /** Calls back on every level change, before the listeners of the open line. @returns ends it */
  observe(number: number, listener: Listener): () => void {
    const { observers } = this.#line(number);
    observers.add(listener);
    return () => observers.delete(listener);
  }

  /** The newest level changes, oldest first. */
  history(number: number): readonly LevelChange[] {
    return this.#line(number).history;
  }

  /** Number of level changes since the start. */
  changes(number: number): number {
    return this.#line(number).changes;
  }

  async #open<T>(number: number, opened: (line: Line, handle: Handle) => T): Promise<T> {
    const line = this.#lines[number];
    if (line === undefined) throw new LineError("absent", `there is no GPIO line ${number}`);
    if (line.openError !== undefined) {
      throw new LineError(line.openError, `GPIO line ${number}: ${line.openError} (a virtual fault)`);
    }
    if (line.handle !== undefined) throw new LineError("busy", `GPIO line ${number} is open already`);
    const handle: Handle = { open: true, listeners: new Set() };
    line.handle = handle;
    return opened(line, handle);
  }

  #line(number: number): Line {
    const line = this.#lines[number];
    if (line === undefined) throw new RangeError(`there is no GPIO line ${number}`);
    return line;
  }

  #update(line: Line, atMs: Millis = this.#clock.now()): void {
    const pull: Level = line.number <= lastPulledUp ? 1 : 0;
    const level = line.stuck?.level ?? line.output ?? line.outside ?? pull;
    if (level === line.level) return;
    line.level = level;
    line.changes++;
    line.history.push({ atMs, level });
    if (line.history.length > historyLimit) line.history.shift();
    for (const observer of [...line.observers]) observer(level);
    for (const listener of [...(line.handle?.listeners ?? [])]) {
      listener(level, { earliestMs: atMs, latestMs: atMs });
    }
  }
}

function freshLine(number: number): Line {
  return {
    number,
    history: [],
    observers: new Set(),
    changes: 0,
    level: number <= lastPulledUp ? 1 : 0,
    output: undefined,
    outside: undefined,
    stuck: undefined,
    openError: undefined,
    handle: undefined,
  };
}

function release(line: Line, handle: Handle): void {
  handle.open = false;
  if (line.handle === handle) line.handle = undefined;
}

function requireOpen(line: Line, handle: Handle): void {
  if (!handle.open) throw new LineError("io", `GPIO line ${line.number} was closed`);
}

function readOpen(line: Line, handle: Handle): Level {
  requireOpen(line, handle);
  return line.level;
}
