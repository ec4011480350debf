/**
 * Folder virtual-hat/: the hat as virtual hardware: bus, lines, contact, faults.
 *
 * Simulated hardware of the hat: the same chips on the same bus, the same lines, in a simulated room.
 *
 * Guarantee: the firmware runs as on a real hat, with the same bytes, levels, times and errors. The room follows the
 * relay's contact in real and in virtual time, and is advanced when it is read. Deterministic for a seed.
 */

import type { Clock } from "../../base/clock.ts";
import { celsius, type Millis, millis } from "../../base/units.ts";
import type { WiredLine, Wiring } from "../../chips/wiring.ts";
import type { ButtonName } from "../../control/input.ts";
import type { DisplayKind as RealDisplay } from "../../model/displays.ts";
import { LcdModel } from "../chips/lcd.ts";
import { OledModel, sh1107, ssd1306 } from "../chips/oled.ts";
import { RegisterModel } from "../chips/registers.ts";
import type { Air, SensorModel } from "../chips/sensor.ts";
import { Sht31Model } from "../chips/sht31.ts";
import { uniform } from "../noise.ts";
import type { Plant } from "../room/surroundings.ts";
import { connectPorts, type HatConnection, type HatPorts } from "./connection.ts";
import { ActiveFaults, type FaultLimits, type HatFault, transferFaults } from "./faults.ts";
import { VirtualBus, type VirtualBusOptions } from "./virtual-bus.ts";
import { VirtualGpio } from "./virtual-gpio.ts";

export type DisplayKind = RealDisplay | "none";

export interface VirtualHatOptions {
  readonly clock: Clock;
  readonly wiring: Wiring;
  readonly plant: Plant;
  /** Another sensor than an SHT31. */
  readonly sensor?: (clock: Clock, air: Air) => SensorModel;
  /** Default: the 1.12" OLED. */
  readonly display?: DisplayKind;
  /** Seed of the spikes; default 1. */
  readonly seed?: number;
  /** Whether buttons bounce for a few milliseconds, as real ones do; default true. */
  readonly bounce?: boolean;
  readonly bus?: VirtualBusOptions;
}

/** The addresses of the modules (their makers' wikis). */
export const hatAddresses = { sensor: 0x44, oled: 0x3c, lcd: 0x3e, backlight: 0x62, adc: 0x08 } as const;

const defaultPress = millis(120);
/** Longer than the core's debounce time. */
const tapDuration = millis(30);
/** Times at which a bouncing button changes again. */
const bounceMs = [0.7, 1.6, 2.1, 3.0];
const spikeShare = 0.1;

export class VirtualHat implements HatPorts {
  /** The hardware itself. Use `connect()` for a firmware that will be restarted. */
  readonly bus: VirtualBus;
  readonly gpio: VirtualGpio;
  readonly sensor: SensorModel;
  readonly oled: OledModel | undefined;
  readonly lcd: LcdModel | undefined;
  readonly plant: Plant;
  readonly wiring: Wiring;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #bounce: boolean;
  readonly #connections = new Set<HatConnection>();
  readonly #faults: ActiveFaults;
  #powered = true;
  #closed = false;
  #advancedAt: Millis;
  #heaterOnMs = 0;
  #closures = 0;

  constructor(options: VirtualHatOptions) {
    const { clock, wiring, plant, display = "oled-128x128" } = options;
    this.#clock = clock;
    this.#random = uniform(options.seed ?? 1);
    this.#bounce = options.bounce ?? true;
    this.#advancedAt = clock.now();
    this.wiring = wiring;
    this.plant = plant;
    this.#faults = new ActiveFaults(
      clock,
      () => this.catchUp(),
      () => this.#refresh(),
    );
    this.bus = new VirtualBus(clock, options.bus);
    this.gpio = new VirtualGpio(clock);
    const air: Air = {
      measureTemperature: () => this.#measureTemperature(),
      humidity: () => plant.humidity,
    };
    this.sensor = options.sensor?.(clock, air) ?? new Sht31Model(clock, air);
    this.bus.plug(hatAddresses.sensor, this.sensor);
    // The hat's ADC: id 4, firmware version 2, supply in mV (Seeed's grove.py, adc.py).
    const adcRegisters = [
      [0x00, 4],
      [0x02, 2],
      [0x29, 3300],
    ] as const;
    this.bus.plug(hatAddresses.adc, new RegisterModel(adcRegisters, 2));
    if (display.startsWith("oled-")) this.oled = new OledModel(display === "oled-128x128" ? sh1107 : ssd1306);
    if (this.oled !== undefined) this.bus.plug(hatAddresses.oled, this.oled);
    if (display === "lcd-16x2") {
      this.lcd = new LcdModel(clock);
      this.bus.plug(hatAddresses.lcd, this.lcd);
      this.bus.plug(hatAddresses.backlight, new RegisterModel());
    }
    for (const button of [wiring.buttonA, wiring.buttonB, wiring.modeButton]) this.#setButton(button, false);
    this.gpio.observe(wiring.relay.line, () => this.#switchContact());
    this.#switchContact();
  }

  /** The ports for one process, until `powerDown`, `processDied`, or their close. */
  connect(): HatPorts {
    const connection = connectPorts(this);
    this.#connections.add(connection);
    return connection;
  }

  /** The process has ended abruptly: lines keep their levels. */
  processDied(): void {
    for (const connection of this.#connections) connection.sever();
    this.#connections.clear();
  }

  /** Power is cut: the process ends, lines float, the relay opens. */
  powerDown(): void {
    this.processDied();
    this.#powered = false;
    this.gpio.powerUp();
    this.#switchContact();
  }

  /** Power is back: every chip has its power-on reset. */
  powerUp(): void {
    this.#powered = true;
    this.gpio.powerUp();
    this.sensor.powerUp();
    this.oled?.powerUp();
    this.lcd?.powerUp();
    this.#switchContact();
  }

  get powered(): boolean {
    return this.#powered;
  }

  /** Presses a button now, and releases it after `duration`; with bounce, unless disabled. */
  press(button: ButtonName, duration: Millis = defaultPress): void {
    this.hold(button);
    this.#clock.setTimer(duration, () => this.release(button));
  }

  /** A press that has just ended, without bounce and without a timer, which could be late and make it a hold. */
  tap(button: ButtonName): void {
    const line = this.#button(button);
    const now = this.#clock.now();
    this.#setButton(line, true, millis(Math.max(0, now - tapDuration)));
    this.#setButton(line, false, now);
  }

  hold(button: ButtonName): void {
    this.#move(this.#button(button), true);
  }

  release(button: ButtonName): void {
    this.#move(this.#button(button), false);
  }

  /** The relay's contact. */
  get contactClosed(): boolean {
    return this.#closed;
  }

  /** The heater delivers heat. */
  get heating(): boolean {
    return this.#closed && !this.#faults.has("dead-heater");
  }

  get modeLedLit(): boolean {
    return this.#lit(this.wiring.modeLed);
  }

  get statusLedLit(): boolean {
    return this.#lit(this.wiring.statusLed);
  }

  /** Number of closures of the contact. */
  get contactClosures(): number {
    return this.#closures;
  }

  /** Time for which the heater has delivered heat. */
  get heaterOnTime(): Millis {
    this.catchUp();
    return millis(this.#heaterOnMs);
  }

  /** Advances the room to the current time. Call it before reading the room directly. */
  catchUp(): void {
    const now = this.#clock.now();
    const elapsed = millis(now - this.#advancedAt);
    if (elapsed <= 0) return;
    this.#advancedAt = now;
    if (this.heating) this.#heaterOnMs += elapsed;
    this.plant.advance(elapsed, this.heating);
  }

  get activeFaults(): readonly HatFault[] {
    return this.#faults.names;
  }

  /** Begins a fault. @returns ends it; a second call has no effect */
  fault(name: HatFault, limits: FaultLimits = {}): () => void {
    const stop = this.#begin(name, limits);
    if (limits.count !== undefined && transferFaults.has(name)) return stop;
    return this.#faults.begin(name, stop, limits.duration);
  }

  /** Ends every fault of that name. */
  endFault(name: HatFault): void {
    this.#faults.end(name);
  }

  /** Applies a fault to bus and lines. @returns undoes it */
  #begin(name: HatFault, { count, duration }: FaultLimits): () => void {
    switch (name) {
      case "nack":
      case "bad-crc":
        return this.bus.inject({ kind: name, address: hatAddresses.sensor, count, duration });
      case "timeout":
        return this.bus.inject({ kind: name, count, duration });
      case "missing-display": {
        const { oled, lcd, backlight } = hatAddresses;
        const ends = [oled, lcd, backlight].map((address) =>
          this.bus.inject({ kind: "nack", address, count, duration }),
        );
        return () => {
          for (const end of ends) end();
        };
      }
      case "line-stuck":
        return this.gpio.stick(this.wiring.relay.line);
      case "stuck":
      case "silent":
      case "spikes":
      case "welded-relay":
      case "dead-heater":
        return () => {};
    }
  }

  /** Applies the active faults to sensor and contact. */
  #refresh(): void {
    if (this.#faults.has("silent")) this.sensor.defect = "silent";
    else this.sensor.defect = this.#faults.has("stuck") ? "stuck" : "none";
    this.#switchContact();
  }

  #switchContact(): void {
    const { line, activeLevel } = this.wiring.relay;
    const energized = this.#powered && this.gpio.level(line) === activeLevel;
    const closed = energized || this.#faults.has("welded-relay");
    if (closed === this.#closed) return;
    this.catchUp();
    this.#closed = closed;
    if (closed) this.#closures++;
  }

  #measureTemperature() {
    this.catchUp();
    const read = this.plant.measure();
    if (!this.#faults.has("spikes") || this.#random() >= spikeShare) return read;
    const sign = this.#random() < 0.5 ? -1 : 1;
    return celsius(read + sign * (15 + 45 * this.#random()));
  }

  #button(name: ButtonName): WiredLine {
    const { buttonA, buttonB, modeButton } = this.wiring;
    return { a: buttonA, b: buttonB, mode: modeButton }[name];
  }

  #move(button: WiredLine, pressed: boolean): void {
    this.#setButton(button, pressed);
    if (!this.#bounce) return;
    bounceMs.forEach((delay, index) => {
      const level = index % 2 === 0 ? !pressed : pressed;
      this.#clock.setTimer(millis(delay), () => this.#setButton(button, level));
    });
  }

  #setButton({ line, activeLevel }: WiredLine, pressed: boolean, atMs?: Millis): void {
    const idle = activeLevel === 1 ? 0 : 1;
    this.gpio.drive(line, pressed ? activeLevel : idle, atMs);
  }

  #lit({ line, activeLevel }: WiredLine): boolean {
    return this.#powered && this.gpio.isOutput(line) && this.gpio.level(line) === activeLevel;
  }
}
