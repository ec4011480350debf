/** A device under test: drives `step` as the firmware does, with a time of its own and a sensor that breathes. */

import { celsius, millis, relativeHumidity, wallMillis } from "../../src/base/units.ts";
import { shtChip } from "../../src/chips/sensirion.ts";
import { parseDurable } from "../../src/control/durable.ts";
import type { ButtonName, FailingPart, Input, Request, SensorReading } from "../../src/control/input.ts";
import type { Commands, ControlEvent } from "../../src/control/output.ts";
import { type ControlState, start, step } from "../../src/control/step.ts";
import { toDurable } from "../../src/control/to-durable.ts";
import { defaultSettings, type Settings } from "../../src/model/settings.ts";

export const wallStart = 1_700_000_000_000;

export class Device {
  now = 1000;
  wallOffset = wallStart;
  /** What the sensor says; `undefined`: no answer. */
  temperature: number | undefined = 20;
  humidity = 45;
  /** The relay's line follows its command unless this says otherwise. */
  line: (commanded: boolean) => boolean | undefined = (commanded) => commanded;
  failing: FailingPart[] = [];
  /** What the guardian says at the next start. */
  relayOffSeconds: number | undefined;
  events: ControlEvent[] = [];
  state: ControlState;
  commands: Commands | undefined;
  wakeAt = 0;
  readonly settings: Settings;
  readonly #word: () => number;

  constructor(settings: Partial<Settings> = {}) {
    this.settings = { ...defaultSettings, ...settings };
    this.state = start(this.settings, undefined, this.#conditions());
    let words = 0;
    this.#word = () => words++ % 65536;
  }

  #conditions() {
    const { relayOffSeconds } = this;
    const relayOffMs = relayOffSeconds === undefined ? undefined : millis(relayOffSeconds * 1000);
    const wallMs = wallMillis(this.wallOffset + this.now);
    return { nowMs: millis(this.now), wallMs, firmware: "1.0.0", relayOffMs };
  }

  get heater(): boolean {
    return this.commands?.heater ?? false;
  }

  get faults(): readonly string[] {
    return this.state.faults;
  }

  get screen() {
    if (!this.commands) throw new Error("the device has not stepped yet");
    return this.commands.screen;
  }

  reading(word = this.#word()): SensorReading {
    const atMs = millis(this.now);
    if (this.temperature === undefined) return { kind: "failed", reason: "nack", atMs };
    return {
      kind: "ok",
      temperature: celsius(this.temperature),
      humidity: relativeHumidity(this.humidity),
      raw: { temperature: word, humidity: 1 },
      chip: shtChip,
      atMs,
    };
  }

  /** One step at the present time. */
  step(input: Partial<Input> = {}): Commands {
    const result = step(
      this.state,
      {
        buttons: [],
        relayLine: this.line(this.heater),
        requests: [],
        link: "none",
        failing: this.failing,
        wallMs: wallMillis(this.wallOffset + this.now),
        ...input,
      },
      millis(this.now),
    );
    this.state = result.state;
    this.commands = result.commands;
    this.wakeAt = result.wakeAtMs;
    this.events.push(...result.events);
    return result.commands;
  }

  /** A reading now. */
  read(temperature: number | undefined = this.temperature): Commands {
    this.temperature = temperature;
    return this.step({ reading: this.reading() });
  }

  /** Steps every `every` seconds with a reading, for `seconds`. */
  run(seconds: number, every = 2): void {
    for (let left = seconds; left > 0; left -= every) {
      this.#pass(every * 1000);
      this.step({ reading: this.reading() });
    }
  }

  /** Steps without any reading. */
  wait(seconds: number, every = 0.5): void {
    for (let left = seconds; left > 0; left -= every) {
      this.#pass(every * 1000);
      this.step();
    }
  }

  /** As the firmware does, while a button is down: with a step whenever the core asked for one. */
  #pass(ms: number): void {
    const end = this.now + ms;
    const { a, b, mode } = this.state.buttons;
    while ([a, b, mode].some(({ raw, down, stuck }) => (raw || down) && !stuck) && this.wakeAt < end) {
      this.now = this.wakeAt;
      this.step();
    }
    this.now = end;
  }

  request(request: Request): Commands {
    return this.step({ requests: [request] });
  }

  target(celsiusValue: number): Commands {
    return this.request({
      kind: "set",
      name: "targetTemperature",
      value: celsius(celsiusValue),
      source: "cloud",
    });
  }

  edge(button: ButtonName, pressed: boolean): Commands {
    return this.step({ buttons: [{ button, pressed, atMs: millis(this.now) }] });
  }

  /** Holds a button for `ms`, looking every 5 ms, and lets 100 ms pass after it. */
  press(button: ButtonName, ms = 100): void {
    this.edge(button, true);
    this.#look(ms);
    this.edge(button, false);
    this.#look(100);
  }

  #look(ms: number): void {
    for (let left = ms; left > 0; left -= 5) {
      this.now += 5;
      this.step();
    }
  }

  /** A power cut of `seconds`; what was stored comes back through JSON. */
  restart(seconds = 1, stored: unknown = JSON.parse(JSON.stringify(toDurable(this.state)))): void {
    this.now += seconds * 1000;
    this.state = start(this.settings, parseDurable(stored), this.#conditions());
    this.commands = undefined;
  }
}

/** A device that heats: 18 °C, set-point 25 °C. */
export function heating(settings: Partial<Settings> = {}): Device {
  const device = new Device(settings);
  device.target(25);
  device.read(18);
  if (!device.heater) throw new Error("the device does not heat");
  return device;
}
