/**
 * The hat as one object: sensor, relay, buttons, LEDs and display, driven through johnny-five.
 *
 * Guarantee: the relay is off, and was read back off, before anything else is set up, and `close` turns it off
 * first whatever else fails (SR-01). Only the relay is essential: every other part may be missing or fail at
 * any time, which shows in `health` and stops nothing (SR-11). Outputs are levels, to be asserted again at
 * every step.
 */
import type { I2cBus } from "../chips/bus.ts";
import type { GpioPort } from "../chips/lines.ts";
import { LineError } from "../chips/lines.ts";
import type { WiredLine, Wiring } from "../chips/wiring.ts";
import type { Clock } from "../control/clock.ts";
import type { ButtonEdge, SensorReading } from "../control/input.ts";
import type { Log } from "../control/log.ts";
import type { ScreenModel } from "../control/screen.ts";
import { seconds } from "../control/units.ts";
import { ButtonPanel } from "./button-panel.ts";
import { GroveIo } from "./grove-io.ts";
import { type Board, type Led, makeBoard, makeLed, makeRelay, type Relay } from "./johnny-five.ts";
import { RoomSensor } from "./room-sensor.ts";
import type { DisplayKind } from "./screen/display.ts";
import { type FindDisplayOptions, findDisplay } from "./screen/find-display.ts";
import { ScreenFeed, type ScreenTarget } from "./screen-feed.ts";

/** What works now. Everything false and a display: all is well. */
export interface HatHealth {
  /** Kind of the display; `undefined` while there is none. */
  readonly display: DisplayKind | undefined;
  /** No display, or it takes no picture. */
  readonly displayFailing: boolean;
  /** At least one button's line could not be had. */
  readonly buttonsFailing: boolean;
  readonly ledsFailing: boolean;
  /** The relay's line could not be written or read the last time. */
  readonly relayFailing: boolean;
}

export interface Hat {
  readonly wiring: Wiring;
  readonly health: HatHealth;
  /** Never rejects; a failure is a reading of kind "failed". */
  readSensor(): Promise<SensorReading>;
  /** Never throws; a failure shows in `health` and in `readRelay`. */
  setHeater(on: boolean): void;
  /** Whether the relay's line is at its on level, as read back; `undefined` when it cannot be read. */
  readRelay(): boolean | undefined;
  setModeLed(on: boolean): void;
  setStatusLed(on: boolean): void;
  /** Undebounced. A button that is held down from the start counts only from its next press. */
  onButton(listener: (edge: ButtonEdge) => void): void;
  /** Shows the newest model when the display is ready; returns at once. */
  show(screen: ScreenModel): void;
  /** The relay first, then the rest. @throws LineError when the relay could not be read back off */
  close(): Promise<void>;
}

export interface OpenHatOptions {
  /** Belongs to the hat once it is open; stays the caller's when opening fails. */
  readonly hardware: { readonly bus: I2cBus; readonly gpio: GpioPort };
  readonly wiring: Wiring;
  readonly clock: Clock;
  readonly log: Log;
  /** Where the display is and what it is, if it is not to be found by asking. */
  readonly display?: FindDisplayOptions;
  /** For tests: another way to find the display. */
  readonly findDisplay?: (() => Promise<ScreenTarget | undefined>) | undefined;
}

/** @throws LineError when the relay's line cannot be had, or does not read off */
export async function openHat(options: OpenHatOptions): Promise<Hat> {
  const { hardware, wiring, clock } = options;
  const io = await GroveIo.open({
    ...hardware,
    clock,
    relay: wiring.relay,
    outputs: [wiring.modeLed, wiring.statusLed],
    inputs: [wiring.buttonA, wiring.buttonB, wiring.modeButton],
  });
  try {
    return new JohnnyFiveHat(options, io);
  } catch (error) {
    io.close();
    throw error;
  }
}

const closeLimit = seconds(3);

class JohnnyFiveHat implements Hat {
  readonly wiring: Wiring;
  readonly #options: OpenHatOptions;
  readonly #io: GroveIo;
  readonly #relay: Relay;
  readonly #modeLed: Led | undefined;
  readonly #statusLed: Led | undefined;
  readonly #buttons: ButtonPanel;
  readonly #sensor: RoomSensor;
  readonly #screen: ScreenFeed;
  /** Parts that failed, each logged when it is news. */
  readonly #failing = new Set<"relay-write" | "relay-read" | "leds" | "buttons">();
  #closing: Promise<void> | undefined;

  constructor(options: OpenHatOptions, io: GroveIo) {
    const { hardware, wiring, clock, log } = options;
    this.#options = options;
    this.#io = io;
    this.wiring = wiring;
    const board = makeBoard(io);
    this.#relay = makeRelay(board, wiring.relay.line, wiring.relay.activeLevel);
    this.#relay.open();
    this.#modeLed = this.#openLed(board, wiring.modeLed);
    this.#statusLed = this.#openLed(board, wiring.statusLed);
    this.#buttons = new ButtonPanel({
      board,
      io,
      clock,
      buttons: { a: wiring.buttonA, b: wiring.buttonB, mode: wiring.modeButton },
      onFailure: (button, error) => {
        this.#failing.add("buttons");
        log.warn("button-failed", { button, reason: messageOf(error), now: "heating goes on without it" });
      },
    });
    this.#sensor = new RoomSensor(board, hardware.bus, clock);
    const find = options.findDisplay ?? (() => findDisplay(hardware.bus, clock, options.display));
    this.#screen = new ScreenFeed({ find, clock, log });
  }

  get health(): HatHealth {
    return {
      display: this.#screen.kind,
      displayFailing: this.#screen.failing,
      buttonsFailing: this.#failing.has("buttons"),
      ledsFailing: this.#failing.has("leds"),
      relayFailing: this.#failing.has("relay-write") || this.#failing.has("relay-read"),
    };
  }

  readSensor(): Promise<SensorReading> {
    return this.#sensor.read();
  }

  setHeater(on: boolean): void {
    // An assertion that arrives late must not turn on what `close` turned off.
    if (on && this.#closing !== undefined) return;
    this.#attempt("relay-write", () => (on ? this.#relay.close() : this.#relay.open()));
  }

  readRelay(): boolean | undefined {
    const { line, activeLevel } = this.wiring.relay;
    return this.#attempt("relay-read", () => this.#io.readLevel(line) === activeLevel);
  }

  setModeLed(on: boolean): void {
    this.#setLed(this.#modeLed, on);
  }

  setStatusLed(on: boolean): void {
    this.#setLed(this.#statusLed, on);
  }

  onButton(listener: (edge: ButtonEdge) => void): void {
    this.#buttons.onEdge(listener);
  }

  show(screen: ScreenModel): void {
    this.#screen.show(screen);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.setHeater(false);
    const on = this.readRelay();
    const { bus, gpio } = this.#options.hardware;
    this.#screen.close();
    this.#buttons.close();
    this.setModeLed(false);
    this.setStatusLed(false);
    await this.#tolerating("lines", () => this.#io.close());
    await this.#tolerating("gpio", () => gpio.close());
    await this.#tolerating("i2c", () => this.#withinLimit(bus.close()));
    if (on === false) return;
    throw new LineError(
      "io",
      "the relay could not be read back off while closing: run grove-heater relay off, or cut the heater's supply",
    );
  }

  #openLed(board: Board, { name, line, activeLevel }: WiredLine): Led | undefined {
    try {
      const failure = this.#io.failureOf(line);
      if (failure !== undefined) throw failure;
      return makeLed(board, line, activeLevel);
    } catch (error) {
      this.#failing.add("leds");
      this.#options.log.warn("led-failed", { name, line, reason: messageOf(error), now: "heating goes on" });
      return undefined;
    }
  }

  #setLed(led: Led | undefined, on: boolean): void {
    if (led !== undefined) this.#attempt("leds", () => (on ? led.on() : led.off()));
  }

  #attempt<T>(part: "relay-write" | "relay-read" | "leds", action: () => T): T | undefined {
    try {
      const result = action();
      if (part !== "leds") this.#failing.delete(part);
      return result;
    } catch (error) {
      if (!this.#failing.has(part))
        this.#options.log.error("line-failed", { part, reason: messageOf(error) });
      this.#failing.add(part);
      return undefined;
    }
  }

  async #tolerating(part: string, action: () => void | Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#options.log.warn("close-failed", { part, reason: messageOf(error) });
    }
  }

  /** A bus that is stuck must not keep the process from ending. */
  #withinLimit(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.setTimer(closeLimit, () => reject(new Error("it took too long")));
      work.then(resolve, reject).finally(cancel);
    });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
