/** Plays days of faults, one seed deciding all of them. */
import { type Millis, millis, minutes, seconds, wallMillis } from "../../src/base/units.ts";
import { uniform } from "../../src/simulation/noise.ts";
import { hatFaultNames } from "../../src/simulation/virtual-hat/faults.ts";
import { diskFaults } from "./life.ts";
import { oneDay, restFor, SoakWorld } from "./world.ts";

export interface Soaked {
  readonly steps: number;
  readonly heating: number;
  readonly happened: Readonly<Record<string, number>>;
}

/** @throws Error with the seed and the moment, at the first thing that is not as it must be */
export async function soak(seed: number, days: number): Promise<Soaked> {
  const world = new SoakWorld(seed);
  const random = uniform(seed);
  try {
    await world.start();
    world.setLink(true);
    for (let day = 1; day - 1 < days; day += 1) {
      const dayEnds = Math.min(day, days) * oneDay;
      const troubles = new Troubles(world, random);
      while (world.clock.now() < dayEnds - restFor) await troubles.next();
      await troubles.heal();
      await world.advance(restFor);
      world.checkAtRest();
    }
  } catch (error) {
    const at = world.clock.now();
    const day = Math.floor(at / oneDay) + 1;
    throw new Error(`SEED=${seed}, day ${day}, ${at} ms: ${error}\n${JSON.stringify(world.counts)}`, {
      cause: error,
    });
  } finally {
    world.close();
  }
  return { steps: world.steps, heating: world.heating, happened: world.counts };
}

class Troubles {
  readonly #world: SoakWorld;
  readonly #random: () => number;
  readonly #ends = new Set<() => void>();

  constructor(world: SoakWorld, random: () => number) {
    this.#world = world;
    this.#random = random;
  }

  /** Something happens; then time passes. */
  async next(): Promise<void> {
    const [name, act] = this.#pick(Object.entries(this.#actions));
    this.#world.count(name);
    await act();
    await this.#world.advance(this.#between(seconds(1), minutes(40)));
  }

  async heal(): Promise<void> {
    for (const end of this.#ends) end();
    this.#ends.clear();
    // What a person does who comes by: unlatches what the day has latched.
    this.#world.device?.request({ kind: "clear-faults", source: "device" });
  }

  readonly #actions: Readonly<Record<string, () => void | Promise<void>>> = {
    "hat fault": () => {
      const fault = this.#pick(hatFaultNames);
      this.#world.count(`hat fault: ${fault}`);
      this.#lasts(this.#world.hat.fault(fault));
    },
    "disk fault": () => {
      this.#world.diskFault = this.#pick(diskFaults);
      this.#world.count(`disk fault: ${this.#world.diskFault}`);
      this.#lasts(() => {
        this.#world.diskFault = undefined;
      });
    },
    "outbox fault": () => {
      this.#world.failOutbox(true);
      this.#lasts(() => this.#world.failOutbox(false));
    },
    "link down": () => {
      this.#world.setLink(false);
      this.#lasts(() => this.#world.setLink(true));
    },
    "hub refuses reports": () => {
      this.#world.hub.reportResult = "failed";
      this.#lasts(() => {
        this.#world.hub.reportResult = "ok";
      });
    },
    "hub talks nonsense": () => {
      this.#world.hub.say(this.#pick([null, 7, { targetTemperature: {} }, { heaterSwitch: "on" }, []]), 0);
    },
    "desired edit": () => this.#edit(),
    "desired edit while apart": () => {
      this.#world.setLink(false);
      this.#edit();
      this.#lasts(() => this.#world.setLink(true));
    },
    press: () => {
      if (!this.#world.hat.powered) return;
      this.#world.hat.press(
        this.#pick(["a", "b", "mode"]),
        this.#pick([millis(120), millis(900), seconds(3)]),
      );
    },
    "clock jump": () => {
      const wall = this.#pick([0, 946_684_800_000, 1_767_225_600_000, 1_800_000_000_000, 4_070_908_800_000]);
      this.#world.clock.jumpWallTo(wallMillis(wall));
    },
    "process killed": () => this.#world.kill(),
    "power cut": () => this.#world.cutPower(this.#between(seconds(1), minutes(20))),
    "window opened": () => {
      this.#world.surroundings.windowOpen = true;
      this.#lasts(() => {
        this.#world.surroundings.windowOpen = false;
      });
    },
    "faults cleared": () => void this.#world.device?.request({ kind: "clear-faults", source: "device" }),
  };

  #edit(): void {
    const edits = [
      { targetTemperature: this.#pick([5, 16, 19, 21.5, 24, 30, 99]) },
      { controlMode: this.#pick(["auto", "manual", "off"]) },
      { heaterSwitch: this.#pick([true, false]) },
      { telemetryInterval: this.#pick([10, 60, 3600]) },
      { targetTemperature: null },
      { stranger: { nested: 1 } },
    ];
    this.#world.hub.edit(this.#pick(edits), !this.#world.linked);
  }

  /** Ends it after a while, or at the day's end. */
  #lasts(end: () => void): void {
    const once = (): void => {
      if (this.#ends.delete(once)) end();
    };
    this.#ends.add(once);
    this.#world.clock.setTimer(this.#between(seconds(10), minutes(60)), once);
  }

  #between(low: Millis, high: Millis): Millis {
    return millis(Math.round(low + this.#random() ** 2 * (high - low)));
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T;
  }
}
