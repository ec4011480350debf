/**
 * The hat as a johnny-five IO plugin: GPIO lines and the I²C bus, real or virtual.
 *
 * Guarantee: no call here waits; writing to a line that could not be had does nothing; an I²C transfer that
 * fails never throws into johnny-five. Nothing is driven by making the plugin: the lines come opened, the
 * relay's off (hat-lines.ts), because johnny-five wants its pins before `new Board`.
 */
import { EventEmitter } from "node:events";
import type { Clock } from "../../base/clock.ts";
import { millis } from "../../base/units.ts";
import type { I2cBus } from "../../chips/bus.ts";
import { type EdgeTime, type Level, LineError } from "../../chips/lines.ts";
import { type HatLines, type HatLinesOptions, openHatLines } from "./hat-lines.ts";

export interface GroveIoOptions extends HatLinesOptions {
  readonly bus: I2cBus;
  readonly clock: Clock;
}

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
/** BCM lines 0 to 27 are on the header. johnny-five takes 20, 25 or 70 pins for an Arduino. */
const headerLines = 28;
/** Continuous I²C reads leave the bus to others in between. */
const shortestReadPause = millis(50);

export class GroveIo extends EventEmitter {
  readonly name = "GroveBaseHat";
  readonly MODES = modes;
  readonly HIGH = 1;
  readonly LOW = 0;
  readonly pins: readonly Pin[];
  readonly analogPins: readonly number[] = [];
  isReady = false;
  readonly #lines: HatLines;
  readonly #bus: I2cBus;
  readonly #clock: Clock;
  #i2cPause = shortestReadPause;
  #closed = false;

  private constructor({ bus, clock }: GroveIoOptions, lines: HatLines) {
    super();
    this.#bus = bus;
    this.#clock = clock;
    this.#lines = lines;
    this.pins = describePins(lines);
    for (const [pin, line] of lines.inputs) {
      line.onChange((level, time) => this.#report(pin, level, time));
    }
  }

  /** Opens the lines, the relay's first. @throws LineError when the relay's line cannot be had and read off */
  static async open(options: GroveIoOptions): Promise<GroveIo> {
    return new GroveIo(options, await openHatLines(options));
  }

  /** Why a line could not be had, by BCM number; `undefined` for one that is open. */
  failureOf(pin: number): LineError | undefined {
    return this.#lines.failures.get(pin);
  }

  /** Tells a Board made on this plugin that it may begin. johnny-five wants `connect` before `ready`. */
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

  /** Calls back with the level now, and at each change with its time, which johnny-five's own parts pass over. */
  digitalRead(pin: number | string, listener: (level: Level, time?: EdgeTime) => void): void {
    const number = this.normalize(pin);
    const described = this.pins[number];
    if (described !== undefined) described.report = 1;
    this.on(`digital-read-${number}`, listener);
    const level = this.#lines.inputs.get(number)?.read();
    if (level !== undefined) listener(level);
  }

  /** The line's level as it is. @throws LineError */
  readLevel(pin: number): Level {
    const line = this.#lines.outputs.get(pin) ?? this.#lines.inputs.get(pin);
    if (line === undefined) throw new LineError("absent", `GPIO line ${pin} is not open`);
    return line.read();
  }

  /** As if the line had changed to `level`: lets go of a button that is held down while the hat closes. */
  pretend(pin: number, level: Level): void {
    this.emit(`digital-read-${pin}`, level);
  }

  /** @param options `delay`: pause between continuous reads, µs, as johnny-five gives it. */
  i2cConfig(options: { delay?: number } = {}): void {
    this.#i2cPause = millis(Math.max(shortestReadPause, (options.delay ?? 0) / 1000));
  }

  i2cWrite(address: number, registerOrBytes: number | readonly number[], bytes?: readonly number[]): void {
    const head = typeof registerOrBytes === "number" ? [registerOrBytes] : registerOrBytes;
    this.#swallow(this.#bus.write(address, Uint8Array.from([...head, ...(bytes ?? [])])));
  }

  i2cWriteReg(address: number, register: number, value: number): void {
    this.i2cWrite(address, [register, value]);
  }

  /** (address, register, length, listener) or (address, length, listener); at a failure there is no call back. */
  i2cReadOnce(address: number, ...rest: I2cReadArguments): void {
    const { register, length, listener } = readArguments(rest);
    this.#swallow(this.#read(address, register, length).then(listener));
  }

  /** As i2cReadOnce, again and again until the plugin is closed. */
  i2cRead(address: number, ...rest: I2cReadArguments): void {
    const { register, length, listener } = readArguments(rest);
    const again = async () => {
      while (!this.#closed) {
        this.#swallow(this.#read(address, register, length).then(listener));
        await this.#clock.sleep(this.#i2cPause);
      }
    };
    void again();
  }

  /** Closes the inputs, then the outputs at the levels that they have. @throws AggregateError after all were tried */
  close(): void {
    this.#closed = true;
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

  async #read(address: number, register: number | undefined, length: number): Promise<number[]> {
    if (register !== undefined) await this.#bus.write(address, Uint8Array.of(register));
    return [...(await this.#bus.read(address, length))];
  }

  /** johnny-five has no place for a transfer's failure; who cares listens to `i2c-failure`. */
  #swallow(transfer: Promise<void>): void {
    transfer.catch((error: unknown) => this.emit("i2c-failure", error));
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

type I2cListener = (bytes: number[]) => void;
type I2cReadArguments = [number, I2cListener] | [number, number, I2cListener];

function readArguments(rest: I2cReadArguments) {
  return rest.length === 2
    ? { register: undefined, length: rest[0], listener: rest[1] }
    : { register: rest[0], length: rest[1], listener: rest[2] };
}
