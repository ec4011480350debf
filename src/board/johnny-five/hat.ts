/**
 * The hat: panel and relay through johnny-five, sensor and display by our own drivers.
 *
 * Guarantee: `close` turns the relay off first, whatever else fails (SR-01). Only the relay is essential: any other part
 * may be missing or fail at any time, which `health` reports and control survives (SR-11).
 */

import { messageOf } from "../../base/errors.ts";
import { seconds } from "../../base/units.ts";
import { LineError } from "../../chips/lines.ts";
import type { WiredLine, Wiring } from "../../chips/wiring.ts";
import type { ButtonEdge, SensorReading } from "../../control/input.ts";
import type { ScreenModel } from "../../control/panel/screen.ts";
import type { Hat, HatHealth, OpenHatOptions } from "../hat.ts";
import { ScreenFeed } from "../screen/feed.ts";
import { findDisplay } from "../screen/find-display.ts";
import type { FoundSensor } from "../sensor/find-sensor.ts";
import { ButtonPanel } from "./button-panel.ts";
import type { GroveIo } from "./grove-io.ts";
import { type Board, type Led, makeBoard, makeLed, makeRelay, type Relay } from "./johnny-five.ts";

const closeLimit = seconds(3);

type LedName = "mode-led" | "status-led";
/** Parts that are written or read at every step, so that their state is always current. */
type Driven = "relay-write" | "relay-read" | LedName;

export class JohnnyFiveHat implements Hat {
  readonly wiring: Wiring;
  readonly #options: OpenHatOptions;
  readonly #io: GroveIo;
  readonly #relay: Relay;
  readonly #modeLed: Led | undefined;
  readonly #statusLed: Led | undefined;
  readonly #buttons: ButtonPanel;
  readonly #sensor: FoundSensor;
  /** Absent when the settings name no display; then a missing display is no failure. */
  readonly #screen: ScreenFeed | undefined;
  /** Failing parts; each failure is logged once. */
  readonly #failing = new Set<Driven | "buttons">();
  #closing: Promise<void> | undefined;

  constructor(options: OpenHatOptions, io: GroveIo, sensor: FoundSensor) {
    const { hardware, wiring, clock, log } = options;
    this.#options = options;
    this.#io = io;
    this.wiring = wiring;
    const board = makeBoard(io);
    this.#relay = makeRelay(board, wiring.relay.line, wiring.relay.activeLevel);
    this.#relay.open();
    this.#modeLed = this.#openLed(board, "mode-led", wiring.modeLed);
    this.#statusLed = this.#openLed(board, "status-led", wiring.statusLed);
    this.#buttons = new ButtonPanel({
      board,
      io,
      clock,
      buttons: { a: wiring.buttonA, b: wiring.buttonB, mode: wiring.modeButton },
      onFailure: (button, error) => {
        this.#failing.add("buttons");
        log.warn("button-failed", { button, reason: messageOf(error), now: "heating continues without it" });
      },
    });
    this.#sensor = sensor;
    const { display } = options;
    if (display !== "none") {
      const find = options.findDisplay ?? (() => findDisplay(hardware.bus, clock, display));
      this.#screen = new ScreenFeed({ find, clock, log });
    }
  }

  get health(): HatHealth {
    return {
      display: this.#screen?.kind,
      displayFailing: this.#screen?.failing ?? false,
      buttonsFailing: this.#failing.has("buttons"),
      ledsFailing: this.#failing.has("mode-led") || this.#failing.has("status-led"),
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
    this.#setLed("mode-led", this.#modeLed, on);
  }

  setStatusLed(on: boolean): void {
    this.#setLed("status-led", this.#statusLed, on);
  }

  onButton(listener: (edge: ButtonEdge) => void): void {
    this.#buttons.onEdge(listener);
  }

  show(screen: ScreenModel): void {
    this.#screen?.show(screen);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.setHeater(false);
    const on = this.readRelay();
    const { bus, gpio } = this.#options.hardware;
    this.#screen?.close();
    this.#buttons.close();
    this.setModeLed(false);
    this.setStatusLed(false);
    await this.#ignoreErrors("lines", () => this.#io.close());
    await this.#ignoreErrors("gpio", () => gpio.close());
    await this.#ignoreErrors("i2c", () => this.#withinLimit(bus.close()));
    if (on === false) return;
    throw new LineError(
      "io",
      "the relay could not be read back off while closing: run grove-heater relay off, or cut the heater's supply",
    );
  }

  #openLed(board: Board, part: LedName, { name, line, activeLevel }: WiredLine): Led | undefined {
    try {
      const failure = this.#io.failureOf(line);
      if (failure !== undefined) throw failure;
      return makeLed(board, line, activeLevel);
    } catch (error) {
      this.#failing.add(part);
      this.#options.log.warn("led-failed", {
        name,
        line,
        reason: messageOf(error),
        now: "heating continues without it",
      });
      return undefined;
    }
  }

  #setLed(part: LedName, led: Led | undefined, on: boolean): void {
    if (led !== undefined) this.#attempt(part, () => (on ? led.on() : led.off()));
  }

  #attempt<T>(part: Driven, action: () => T): T | undefined {
    try {
      const result = action();
      this.#failing.delete(part);
      return result;
    } catch (error) {
      if (!this.#failing.has(part))
        this.#options.log.error("line-failed", { part, reason: messageOf(error) });
      this.#failing.add(part);
      return undefined;
    }
  }

  async #ignoreErrors(part: string, action: () => void | Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#options.log.warn("close-failed", { part, reason: messageOf(error) });
    }
  }

  /** A stuck bus must not prevent the process from ending. */
  #withinLimit(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.setTimer(closeLimit, () => reject(new Error("it took too long")));
      work.then(resolve, reject).finally(cancel);
    });
  }
}
