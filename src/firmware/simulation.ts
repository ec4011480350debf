/**
 * A scenario played on the real composition in virtual time: the same device, core, drivers and gate as on a Pi.
 *
 * Guarantee: the same scenario and seed give the same rows on every machine. Power cuts are real ones: the
 * device ends abruptly, and starts again from the state on its disk.
 */

import { type Log, silentLog } from "../base/log.ts";
import { type Millis, millis } from "../base/units.ts";
import type { ControlEvent } from "../control/output.ts";
import type { ScenarioAction } from "../simulation/scenario/actions.ts";
import { playScenario, unmet } from "../simulation/scenario/play.ts";
import { type Scenario, surroundingsOf, wallStartOf } from "../simulation/scenario/scenario.ts";
import { VirtualClock } from "../simulation/time/virtual-clock.ts";
import { VirtualHat } from "../simulation/virtual-hat/virtual-hat.ts";
import { chooseBoard } from "./choose-board.ts";
import { composeDevice } from "./compose-device.ts";
import type { Device, Observation } from "./device.ts";
import { loadManifest } from "./hardware.ts";
import { localTimeOf } from "./local-time/local-time.ts";
import { memoryFiles } from "./storage/durable-files.ts";

/** A row of the result: room and device at one moment. */
export interface SimulationRow {
  readonly atMs: Millis;
  /** Local time of the device: `Mon 06:30`. */
  readonly clock: string;
  /** Share of the time since the row before in which the heater was on, 0 to 100 %; the first row has none. */
  readonly duty: number | undefined;
  /** True temperature of the air; the controller sees only the sensor's. */
  readonly air: number;
  readonly outside: number;
  /** The device's newest step; `undefined` while it is off. */
  readonly observation: Observation | undefined;
  readonly contactClosed: boolean;
}

export interface SimulationOptions {
  readonly scenario: Scenario;
  /** Interval between two rows; there is also one at the start and one at the end. */
  readonly every: Millis;
  readonly onRow: (row: SimulationRow) => void;
  readonly onEvent?: (atMs: Millis, event: ControlEvent) => void;
  readonly onAction?: (atMs: Millis, action: ScenarioAction) => void;
  readonly onUnmet?: (atMs: Millis, wrong: string) => void;
  readonly log?: Log;
}

export interface SimulationResult {
  readonly duration: Millis;
  readonly heaterOnMs: Millis;
  readonly relayClosures: number;
  /** Expectations of the scenario that did not hold. */
  readonly unmet: number;
}

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  // Loaded now: openHat would load it later, and virtual hours would pass while the file is read.
  await import("../board/johnny-five/hat.ts");
  const run = new Simulation(options);
  return await run.play();
}

/** The same on every machine. */
const zoneOf = ({ settings: { timeZone } }: Scenario): string => (timeZone === "auto" ? "UTC" : timeZone);

const clockFormat = { weekday: "short", hour: "2-digit", minute: "2-digit" } as const;

class Simulation {
  readonly #options: SimulationOptions;
  readonly #clock: VirtualClock;
  readonly #surroundings;
  readonly #hat: VirtualHat;
  readonly #choice = chooseBoard("virtual", "/");
  readonly #manifest = loadManifest(this.#choice);
  readonly #disk = memoryFiles();
  #device: Device | undefined;
  #latest: Observation | undefined;
  #unmet = 0;
  #rowBefore: { readonly atMs: number; readonly onMs: number } | undefined;
  readonly #localClock: Intl.DateTimeFormat;

  constructor(options: SimulationOptions) {
    const { scenario } = options;
    this.#options = options;
    this.#localClock = new Intl.DateTimeFormat("en-GB", { ...clockFormat, timeZone: zoneOf(scenario) });
    this.#clock = new VirtualClock({ wallStart: wallStartOf(scenario) });
    this.#surroundings = surroundingsOf(scenario);
    this.#hat = new VirtualHat({
      clock: this.#clock,
      wiring: this.#choice.wiring,
      plant: this.#surroundings,
      display: scenario.display,
      seed: scenario.seed,
    });
  }

  async play(): Promise<SimulationResult> {
    const { scenario, every } = this.#options;
    const { duration } = scenario;
    const failed = this.#failure(this.#boot());
    const stopPlaying = playScenario(scenario, this.#stage(), this.#clock);
    for (let at = 0; ; at = Math.min(duration, at + every)) {
      await Promise.race([this.#clock.runUntil(millis(at)), failed]);
      this.#row();
      if (at >= duration) break;
    }
    stopPlaying();
    this.#device?.abandon();
    return {
      duration,
      heaterOnMs: this.#hat.heaterOnTime,
      relayClosures: this.#hat.contactClosures,
      unmet: this.#unmet,
    };
  }

  /** Rejects if the boot does; a successful boot is ignored. */
  #failure(boot: Promise<void>): Promise<never> {
    return new Promise((_, reject) => {
      boot.catch(reject);
    });
  }

  async #boot(): Promise<void> {
    const { scenario, onEvent, log = silentLog } = this.#options;
    this.#device = await composeDevice({
      choice: this.#choice,
      manifest: this.#manifest,
      attached: this.#hat.connect(),
      settings: scenario.settings,
      localTime: localTimeOf(zoneOf(scenario)),
      clock: this.#clock,
      log,
      stateFile: "/state.json",
      files: this.#disk,
      onStep: (observation) => {
        this.#latest = observation;
        for (const event of observation.events) onEvent?.(observation.atMs, event);
      },
    });
  }

  #stage() {
    const { onAction, onUnmet } = this.#options;
    return {
      hat: this.#hat,
      surroundings: this.#surroundings,
      request: (request: Parameters<Device["request"]>[0]) => this.#device?.request(request),
      powerLost: () => {
        this.#device?.abandon();
        this.#device = undefined;
        this.#latest = undefined;
      },
      powerBack: () => void this.#boot(),
      onAction: (action: ScenarioAction) => onAction?.(this.#clock.now(), action),
      expect: (expectation: Parameters<typeof unmet>[0]) => {
        const heating = this.#latest?.commands.heater ?? false;
        const faults = this.#latest?.activeFaults ?? [];
        for (const wrong of unmet(expectation, {
          heating,
          faults,
          air: this.#surroundings.room.temperature,
        })) {
          this.#unmet += 1;
          onUnmet?.(this.#clock.now(), wrong);
        }
      },
    };
  }

  #row(): void {
    this.#hat.catchUp();
    const atMs = this.#clock.now();
    const onMs = this.#hat.heaterOnTime;
    const before = this.#rowBefore;
    this.#rowBefore = { atMs, onMs };
    this.#options.onRow({
      atMs,
      clock: this.#localClock.format(this.#clock.wallNow()).replace(",", ""),
      duty: before && atMs > before.atMs ? (100 * (onMs - before.onMs)) / (atMs - before.atMs) : undefined,
      air: this.#surroundings.room.temperature,
      outside: this.#surroundings.outside,
      observation: this.#latest,
      contactClosed: this.#hat.contactClosed,
    });
  }
}
