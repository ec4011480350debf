/**
 * The least firmware that can play a scenario: the sensor's driver, the core, the relay's line and the buttons.
 * Ports come from `connect()` and the state from memory, so that power cuts are what they are.
 */

import { type Millis, millis } from "../../../src/base/units.ts";
import type { OutputLine } from "../../../src/chips/lines.ts";
import { Sht31 } from "../../../src/chips/sht31.ts";
import type { WiredLine } from "../../../src/chips/wiring.ts";
import { parseDurable } from "../../../src/control/durable.ts";
import type { ButtonEdge, ButtonName, Input, Request, SensorReading } from "../../../src/control/input.ts";
import { type ControlState, start, step } from "../../../src/control/step.ts";
import { toDurable } from "../../../src/control/to-durable.ts";
import { localTimeOf } from "../../../src/firmware/local-time/local-time.ts";
import type { FaultCode } from "../../../src/model/faults.ts";
import type { Surroundings } from "../../../src/simulation/room/surroundings.ts";
import { playScenario, unmet } from "../../../src/simulation/scenario/play.ts";
import { type Scenario, surroundingsOf, wallStartOf } from "../../../src/simulation/scenario/scenario.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { VirtualHat } from "../../../src/simulation/virtual-hat/virtual-hat.ts";
import { virtualWiring } from "../virtual-hat/test-hat.ts";

export interface Run {
  readonly hat: VirtualHat;
  readonly surroundings: Surroundings;
  /** Expectations that did not hold. */
  readonly unmet: readonly string[];
  /** Temperature of the air and faults, minute by minute. */
  readonly trace: readonly string[];
}

/** Plays all of it in virtual time, with a reading each 10 s, for speed. */
export async function runScenario(original: Scenario): Promise<Run> {
  const scenario = { ...original, settings: { ...original.settings, sensorPeriodSeconds: 10 } };
  const clock = new VirtualClock({ wallStart: wallStartOf(scenario) });
  const surroundings = surroundingsOf(scenario);
  const { display, seed } = scenario;
  const hat = new VirtualHat({ clock, wiring: virtualWiring, plant: surroundings, display, seed });
  const wrong: string[] = [];
  let firmware: SmallFirmware | undefined;
  let stored: string | undefined;
  const boot = async () => {
    firmware = new SmallFirmware(clock, hat, scenario, stored);
    await firmware.start();
  };
  const faults = (): readonly FaultCode[] => firmware?.state.faults ?? [];
  playScenario(
    scenario,
    {
      hat,
      surroundings,
      request: (request) => firmware?.requests.push(request),
      powerLost: () => {
        stored = firmware?.end();
        firmware = undefined;
      },
      powerBack: () => void boot(),
      expect: (expectation) => {
        const view = {
          heating: hat.gpio.level(hat.wiring.relay.line) === 1,
          faults: faults(),
          air: surroundings.room.temperature,
        };
        const at = `${(clock.now() / 3_600_000).toFixed(2)} h`;
        for (const what of unmet(expectation, view)) wrong.push(`${at}: ${what}`);
      },
    },
    clock,
  );
  await boot();
  const trace: string[] = [];
  for (let at = 60_000; at <= scenario.duration; at += 60_000) {
    await clock.runUntil(millis(at));
    hat.catchUp();
    trace.push(`${surroundings.room.temperature} ${hat.contactClosures} ${faults().join(",")}`);
  }
  return { hat, surroundings, unmet: wrong, trace };
}

class SmallFirmware {
  readonly requests: Request[] = [];
  state: ControlState;
  readonly #clock: VirtualClock;
  readonly #hat: VirtualHat;
  readonly #ports;
  readonly #period: Millis;
  readonly #localTime = localTimeOf("UTC");
  #relay: OutputLine | undefined;
  #edges: ButtonEdge[] = [];
  #cancel = () => {};
  #ended = false;

  constructor(clock: VirtualClock, hat: VirtualHat, { settings }: Scenario, stored: string | undefined) {
    this.#clock = clock;
    this.#hat = hat;
    this.#ports = hat.connect();
    this.#period = millis(settings.sensorPeriodSeconds * 1000);
    const durable = stored === undefined ? undefined : parseDurable(JSON.parse(stored));
    const at = { nowMs: clock.now(), wallMs: clock.wallNow(), firmware: "test" };
    this.state = start(settings, durable, at);
  }

  async start(): Promise<void> {
    const { relay, buttonA, buttonB, modeButton } = this.#hat.wiring;
    this.#relay = await this.#ports.gpio.openOutput(relay.line, 0);
    await this.#listen("a", buttonA);
    await this.#listen("b", buttonB);
    await this.#listen("mode", modeButton);
    const sensor = new Sht31(this.#ports.bus, this.#clock);
    void this.#poll(sensor);
  }

  /** The power goes. Returns what is on disk. */
  end(): string {
    this.#ended = true;
    this.#cancel();
    return JSON.stringify(toDurable(this.state));
  }

  async #poll(sensor: Sht31): Promise<void> {
    while (!this.#ended) {
      const due = this.#clock.now() + this.#period;
      const reading = await sensor.measure();
      if (!this.#ended) this.#step(reading);
      await this.#clock.sleep(millis(due - this.#clock.now()));
    }
  }

  async #listen(button: ButtonName, { line, activeLevel }: WiredLine): Promise<void> {
    const input = await this.#ports.gpio.openInput(line);
    input.onChange((level) => {
      this.#edges.push({ button, pressed: level === activeLevel, atMs: this.#clock.now() });
      this.#step();
    });
  }

  #step(reading?: SensorReading): void {
    const input: Input = {
      reading,
      buttons: this.#edges,
      relayLine: this.#relay?.read() === 1,
      requests: this.requests.splice(0),
      link: "none",
      failing: [],
      wallMs: this.#clock.wallNow(),
      local: this.#localTime(this.#clock.wallNow()),
    };
    this.#edges = [];
    const { state, commands, wakeAtMs } = step(this.state, input, this.#clock.now());
    this.state = state;
    this.#relay?.write(commands.heater ? 1 : 0);
    this.#cancel();
    const wait = wakeAtMs - this.#clock.now();
    // A second ahead is the core's "look again", which the next reading does for it.
    if (wait < 1000) this.#cancel = this.#clock.setTimer(millis(wait), () => this.#step());
  }
}
