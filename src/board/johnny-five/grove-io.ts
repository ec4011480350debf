/**
 * The hat's GPIO lines as a johnny-five IO plugin, real or virtual.
 *
 * Guarantee: no call blocks; a write to an unavailable line does nothing. Creating the plugin drives nothing:
 * the lines are opened earlier, with the relay's line at its off level (hat-lines.ts), because johnny-five
 * needs its pins before `new Board`. It has no I²C: the bus is not used through johnny-five (see
 * johnny-five.ts).
 */
import { EventEmitter } from "node:events";
import { type EdgeTime, type Level, LineError } from "../../chips/lines.ts";
import { type HatLines, type HatLinesOptions, openHatLines } from "./hat-lines.ts";

/** A pin as johnny-five describes it. */
interface Pin {
  readonly id: string;
  readonly supportedModes: readonly number[];
  mode: number;
  value: Level;
  report: 0 | 1;
  /** 127: not analogue. */
  readonly analogChannel: 127;
}

const modes = { INPUT: 0, OUTPUT: 1, ANALOG: 2, PWM: 3, SERVO: 4 } as const;
/** BCM lines 0 to 27 are on the header. johnny-five assumes an Arduino for 20, 25 or 70 pins. */
const headerLines = 28;

export class GroveIo extends EventEmitter {
  readonly name = "GroveBaseHat";
  readonly MODES = modes;
  readonly HIGH = 1;
  readonly LOW = 0;
  readonly pins: readonly Pin[];
  readonly analogPins: readonly number[] = [];
  isReady = false;
  readonly #lines: HatLines;

  private constructor(lines: HatLines) {
    super();
    this.#lines = lines;
    this.pins = describePins(lines);
    for (const [pin, line] of lines.inputs) {
      line.onChange((level, time) => this.#report(pin, level, time));
    }
  }

  /** Opens the lines, the relay's first. @throws LineError when the relay's line is unavailable or does not read off */
  static async open(options: HatLinesOptions): Promise<GroveIo> {
    return new GroveIo(await openHatLines(options));
  }

  /** The error of an unavailable line, by BCM number; `undefined` for an open one. */
  failureOf(pin: number): LineError | undefined {
    return this.#lines.failures.get(pin);
  }

  /** Starts a Board on this plugin. johnny-five needs `connect` before `ready`. */
  announce(): void {
    this.emit("connect");
    this.isReady = true;
    this.emit("ready");
  }

  /** Pins are BCM numbers, also as text. */
  normalize(pin: number | string): number {
    return Number(pin);
  }

  pinMode(pin: number | string, mode: number): void {
    const described = this.pins[this.normalize(pin)];
    if (described === undefined || !described.supportedModes.includes(mode)) {
      throw new RangeError(`GPIO line ${pin} is not wired for mode ${mode}`);
    }
    described.mode = mode;
  }

  /** @throws LineError */
  digitalWrite(pin: number | string, value: number): void {
    const number = this.normalize(pin);
    const level: Level = value ? 1 : 0;
    this.#lines.outputs.get(number)?.write(level);
    const described = this.pins[number];
    if (described !== undefined) described.value = level;
  }

  /** Calls back with the current level, and at each change with its time, which johnny-five's components ignore. */
  digitalRead(pin: number | string, listener: (level: Level, time?: EdgeTime) => void): void {
    const number = this.normalize(pin);
    const described = this.pins[number];
    if (described !== undefined) described.report = 1;
    this.on(`digital-read-${number}`, listener);
    const level = this.#lines.inputs.get(number)?.read();
    if (level !== undefined) listener(level);
  }

  /** The actual level of the line. @throws LineError */
  readLevel(pin: number): Level {
    const line = this.#lines.outputs.get(pin) ?? this.#lines.inputs.get(pin);
    if (line === undefined) throw new LineError("absent", `GPIO line ${pin} is not open`);
    return line.read();
  }

  /** Simulates a change to `level`, to release a button that is held while the hat closes. */
  setInputLevel(pin: number, level: Level): void {
    this.emit(`digital-read-${pin}`, level);
  }

  /** Closes the inputs, then the outputs at their current levels. @throws AggregateError after trying all */
  close(): void {
    this.removeAllListeners();
    const errors: unknown[] = [];
    for (const line of [...this.#lines.inputs.values(), ...this.#lines.outputs.values()]) {
      try {
        line.close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, "some GPIO lines could not be closed");
  }

  #report(pin: number, level: Level, time: EdgeTime): void {
    const described = this.pins[pin];
    if (described !== undefined) described.value = level;
    this.emit(`digital-read-${pin}`, level, time);
  }
}

function describePins({ outputs, inputs }: HatLines): Pin[] {
  const highest = Math.max(...outputs.keys(), ...inputs.keys());
  return Array.from({ length: Math.max(headerLines, highest + 1) }, (_, pin) => {
    const mode = outputs.has(pin) ? modes.OUTPUT : modes.INPUT;
    const open = outputs.has(pin) || inputs.has(pin);
    return {
      id: `GPIO${pin}`,
      supportedModes: open ? [mode] : [],
      mode,
      value: 0,
      report: 0,
      analogChannel: 127,
    };
  });
}
