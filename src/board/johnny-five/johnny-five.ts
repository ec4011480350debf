/**
 * The few johnny-five classes that drive the hat, with types that say what they really take.
 *
 * Guarantee: nothing that is made here leaves a timer behind: the firmware's clock is the only one, in a device and in
 * virtual time.
 */
import type { Level } from "../../chips/lines.ts";
import type { GroveIo } from "./grove-io.ts";

export interface Board {
  readonly isReady: boolean;
  on(event: "error", listener: (error: unknown) => void): void;
}

export interface Relay {
  /** Lets current through the relay's normally open contact. */
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

export interface Thermometer {
  /** °C, as fed last. */
  readonly celsius: number;
}

export interface Hygrometer {
  /** Percent, as fed last. */
  readonly relativeHumidity: number;
}

/** Sets the component's value; null: there is none. */
export type Feed = (value: number | null) => void;
/** Property descriptors that johnny-five puts on the component. */
interface Controller {
  readonly initialize: { value(options: unknown, feed: Feed): void };
}

interface OnBoard {
  readonly board: Board;
}
interface OnPin extends OnBoard {
  readonly pin: number;
}

type Class<Options, Instance> = new (options: Options) => Instance;

const { parts } = await import("./parts.ts");

/**
 * One after the other, and not at once: each takes some milliseconds of computing, and in between the timers of the
 * sensor's first measurement have their turn.
 */
async function component<C>(part: keyof typeof parts): Promise<C> {
  await new Promise((resolve) => setImmediate(resolve));
  const loaded: { readonly default: unknown } = await parts[part]();
  return loaded.default as C;
}

const BoardClass =
  await component<Class<{ io: GroveIo; repl: false; debug: false; sigint: false }, Board>>("board");
const RelayClass = await component<Class<OnPin & { type: "NO" | "NC" }, Relay>>("relay");
const LedClass = await component<Class<OnPin & { isAnode: boolean }, Led>>("led");
const ButtonClass = await component<Class<OnPin & { invert: boolean; holdtime: number }, Button>>("button");
const ThermometerClass =
  await component<Class<OnBoard & { controller: Controller; enabled: false }, Thermometer>>("thermometer");
const HygrometerClass =
  await component<Class<OnBoard & { controller: Controller }, Hygrometer>>("hygrometer");

/** A ready Board. Without `sigint: false` a Ctrl-C would skip every exit handler, and the relay with them. */
export function makeBoard(io: GroveIo): Board {
  const board = new BoardClass({ io, repl: false, debug: false, sigint: false });
  io.announce();
  return board;
}

/** The relay at the level that it was opened with: Relay itself writes nothing until told. */
export function makeRelay(board: Board, pin: number, activeLevel: Level): Relay {
  return new RelayClass({ board, pin, type: activeLevel === 1 ? "NO" : "NC" });
}

/** A plain Led knows `isAnode` for PWM only, so an active-low LED is inverted here. */
export function makeLed(board: Board, pin: number, activeLevel: Level): Led {
  const led = new LedClass({ board, pin, isAnode: false });
  return activeLevel === 1 ? led : { on: () => led.off(), off: () => led.on() };
}

/**
 * A button of which only `isDown` is used: its events are debounced on the system's clock. `invert` and not
 * `pullup`, which would write to an input. Its hold timer gets the longest time that there is.
 */
export function makeButton(board: Board, pin: number, activeLevel: Level): Button {
  return new ButtonClass({ board, pin, invert: activeLevel === 0, holdtime: 2 ** 31 - 1 });
}

/**
 * A thermometer that is fed °C. johnny-five's own SHT31 driver checks no CRC and never recovers from an error:
 * it must not steer a heater. `enabled: false` keeps its interval from starting.
 */
export function makeThermometer(board: Board): { thermometer: Thermometer; feed: Feed } {
  const { controller, feed } = feeding();
  return { thermometer: new ThermometerClass({ board, controller, enabled: false }), feed };
}

/** A hygrometer that is fed percent. */
export function makeHygrometer(board: Board): { hygrometer: Hygrometer; feed: Feed } {
  const { controller, feed } = feeding();
  return { hygrometer: withoutIntervals(() => new HygrometerClass({ board, controller })), feed };
}

function feeding(): { controller: Controller; feed: Feed } {
  let pass: Feed = () => {};
  const controller: Controller = {
    initialize: {
      value(_options, feed) {
        pass = feed;
      },
    },
  };
  return { controller, feed: (value) => pass(value) };
}

/**
 * Hygrometer starts an interval that nothing can end: it would keep the process alive for ever. Only what is
 * set while `make` runs is affected, and `make` is synchronous.
 */
function withoutIntervals<T>(make: () => T): T {
  const original = globalThis.setInterval;
  const started: NodeJS.Timeout[] = [];
  globalThis.setInterval = ((...args: Parameters<typeof setInterval>) => {
    const timer = original(...args);
    started.push(timer);
    return timer;
  }) as typeof setInterval;
  try {
    return make();
  } finally {
    globalThis.setInterval = original;
    for (const timer of started) clearInterval(timer);
  }
}
