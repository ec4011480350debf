/**
 * Folder johnny-five/: panel and relay, driven through johnny-five on an IO plugin of our own.
 *
 * The johnny-five classes for panel and relay, with exact types.
 *
 * Guarantee: no object created here starts a timer: the firmware's clock is the only one, in a device and in virtual
 * time. Sensor and display do not use johnny-five: its SHT31 driver checks no CRC and never recovers from an error, and
 * its Thermometer and Hygrometer with our driver would only return our values, and need an interval on the system's
 * clock that cannot be stopped.
 */
import type { Level } from "../../chips/lines.ts";
import type { GroveIo } from "./grove-io.ts";

export interface Board {
  readonly isReady: boolean;
  on(event: "error", listener: (error: unknown) => void): void;
}

export interface Relay {
  /** Closes the relay's normally open contact. */
  close(): void;
  open(): void;
}

export interface Led {
  on(): void;
  off(): void;
}

export interface Button {
  readonly isDown: boolean;
}

interface OnBoard {
  readonly board: Board;
}
interface OnPin extends OnBoard {
  readonly pin: number;
}

type Class<Options, Instance> = new (options: Options) => Instance;

const { components } = await import("./components.ts");

/**
 * Loads one component per turn of the event loop: each takes some milliseconds, and in between the timers of
 * the sensor's first measurement can fire.
 */
async function component<C>(name: keyof typeof components): Promise<C> {
  await new Promise((resolve) => setImmediate(resolve));
  const loaded: { readonly default: unknown } = await components[name]();
  return loaded.default as C;
}

const BoardClass =
  await component<Class<{ io: GroveIo; repl: false; debug: false; sigint: false }, Board>>("board");
const RelayClass = await component<Class<OnPin & { type: "NO" | "NC" }, Relay>>("relay");
const LedClass = await component<Class<OnPin & { isAnode: boolean }, Led>>("led");
const ButtonClass = await component<Class<OnPin & { invert: boolean; holdtime: number }, Button>>("button");

/** A ready Board. Without `sigint: false`, Ctrl-C would skip the exit handlers, including the one for the relay. */
export function makeBoard(io: GroveIo): Board {
  const board = new BoardClass({ io, repl: false, debug: false, sigint: false });
  io.announce();
  return board;
}

/** The relay at its initial level: the constructor of Relay writes nothing. */
export function makeRelay(board: Board, pin: number, activeLevel: Level): Relay {
  return new RelayClass({ board, pin, type: activeLevel === 1 ? "NO" : "NC" });
}

/** Led supports `isAnode` only for PWM, so an active-low LED is inverted here. */
export function makeLed(board: Board, pin: number, activeLevel: Level): Led {
  const led = new LedClass({ board, pin, isAnode: false });
  return activeLevel === 1 ? led : { on: () => led.off(), off: () => led.on() };
}

/**
 * A button. Only `isDown` is used: its events are debounced on the system's clock. `invert` instead of `pullup`, which
 * would write to an input. Its hold timer gets the maximum time.
 */
export function makeButton(board: Board, pin: number, activeLevel: Level): Button {
  return new ButtonClass({ board, pin, invert: activeLevel === 0, holdtime: 2 ** 31 - 1 });
}
