/**
 * Folder virtual-hat/: the hat as virtual hardware: bus, lines, contact, faults.
 *
 * The hat as hardware, without a hat: the same chips on the same bus, the same lines, in a simulated room.
 *
 * Guarantee: what the firmware can do here it can do on a real hat, and it sees the same bytes, levels, times
 * and refusals. The room follows the relay's contact on real and on virtual time alike, and advances only when
 * somebody looks. The seed decides everything that chance decides.
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
  /** The 1.12" OLED when not given. */
  readonly display?: DisplayKind;
  /** Decides spikes. 1 when not given. */
  readonly seed?: number;
  /** Buttons bounce for a few milliseconds, as real ones do. True when not given. */
  readonly bounce?: boolean;
  readonly bus?: VirtualBusOptions;
}

/** Where the modules answer (their makers' wikis). */
export const hatAddresses = { sensor: 0x44, oled: 0x3c, lcd: 0x3e, backlight: 0x62, adc: 0x08 } as const;

const defaultPress = millis(120);
/** Longer than what the core takes for a bounce. */
const tapTakes = millis(30);
/** When the contact opens and closes again after it first closed. */
const bounceMs = [0.7, 1.6, 2.1, 3.0];
const spikeShare = 0.1;

export class VirtualHat implements HatPorts {
  /** The hardware itself. A firmware that is to be restarted gets `connect()` instead. */
  readonly bus: VirtualBus;
  readonly gpio: VirtualGpio;
  readonly sensor: SensorModel;
  readonly oled: OledModel | undefined;
  readonly lcd: LcdModel | undefined;
  readonly plant: Plant;
  readonly wiring: Wiring;
  readonly #clock: Clock;
  readonly #chance: () => number;
  readonly #bounce: boolean;
  readonly #connections = new Set<HatConnection>();
  readonly #faults: ActiveFaults;
  #powered = true;
  #closed = false;
  #lookedAt: Millis;
  #heaterOnMs = 0;
  #closures = 0;

  constructor(options: VirtualHatOptions) {
    const { clock, wiring, plant, display = "oled-128x128" } = options;
    this.#clock = clock;
    this.#chance = uniform(options.seed ?? 1);
    this.#bounce = options.bounce ?? true;
    this.#lookedAt = clock.now();
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

  /** The ports for one process. Its end is `powerDown`, `processDied`, or its own closing of them. */
  connect(): HatPorts {
    const connection = connectPorts(this);
    this.#connections.add(connection);
    return connection;
  }

  /** The process is gone without a word: lines stay as they are. */
  processDied(): void {
    for (const connection of this.#connections) connection.sever();
    this.#connections.clear();
  }

  /** Power is cut: the process is gone, lines float, the relay's coil drops. */
  powerDown(): void {
    this.processDied();
    this.#powered = false;
    this.gpio.powerUp();
    this.#switchContact();
  }

  /** Power is back: every chip is as after its power-on reset. */
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

  /** Presses a button now, and lets it go after `duration`. Bounces of its own, unless told otherwise. */
  press(button: ButtonName, duration: Millis = defaultPress): void {
    this.hold(button);
    this.#clock.setTimer(duration, () => this.release(button));
  }

  /** A press that has just ended, without bounce and without a timer: on a busy machine a late one makes it a hold. */
  tap(button: ButtonName): void {
    const line = this.#button(button);
    const now = this.#clock.now();
    this.#setButton(line, true, millis(Math.max(0, now - tapTakes)));
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

  /** The heater gives heat. */
  get heating(): boolean {
    return this.#closed && !this.#faults.has("dead-heater");
  }

  get modeLedLit(): boolean {
    return this.#lit(this.wiring.modeLed);
  }

  get statusLedLit(): boolean {
    return this.#lit(this.wiring.statusLed);
  }

  /** How often the contact closed. */
  get contactClosures(): number {
    return this.#closures;
  }

  /** How long the heater has given heat. */
  get heaterOnTime(): Millis {
    this.catchUp();
    return millis(this.#heaterOnMs);
  }

  /** Brings the room to the present. Call it before looking at the room itself. */
  catchUp(): void {
    const now = this.#clock.now();
    const elapsed = millis(now - this.#lookedAt);
    if (elapsed <= 0) return;
    this.#lookedAt = now;
    if (this.heating) this.#heaterOnMs += elapsed;
    this.plant.advance(elapsed, this.heating);
  }

  get activeFaults(): readonly HatFault[] {
    return this.#faults.names;
  }

  /** Begins a fault. Returns what ends it; ending it twice is harmless. */
  fault(name: HatFault, limits: FaultLimits = {}): () => void {
    const stop = this.#begin(name, limits);
    if (limits.count !== undefined && transferFaults.has(name)) return stop;
    return this.#faults.begin(name, stop, limits.duration);
  }

  /** Ends every fault of that name. */
  endFault(name: HatFault): void {
    this.#faults.end(name);
  }

  /** What a fault does besides standing. Returns what undoes it. */
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

  /** Brings the parts in line with the faults that stand. */
  #refresh(): void {
    if (this.#faults.has("silent")) this.sensor.defect = "silent";
    else this.sensor.defect = this.#faults.has("stuck") ? "stuck" : "none";
    this.#switchContact();
  }

  #switchContact(): void {
    const { line, activeLevel } = this.wiring.relay;
    const attracted = this.#powered && this.gpio.level(line) === activeLevel;
    const closed = attracted || this.#faults.has("welded-relay");
    if (closed === this.#closed) return;
    this.catchUp();
    this.#closed = closed;
    if (closed) this.#closures++;
  }

  #measureTemperature() {
    this.catchUp();
    const read = this.plant.measure();
    if (!this.#faults.has("spikes") || this.#chance() >= spikeShare) return read;
    const sign = this.#chance() < 0.5 ? -1 : 1;
    return celsius(read + sign * (15 + 45 * this.#chance()));
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
