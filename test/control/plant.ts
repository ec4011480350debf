/**
 * The living room of the simulation (30 h, 15 m²) with another heater and sensor, written for the slope rules. `power` W,
 * `radiator` and `sensor` in seconds.
 */
import { uniform } from "../../src/simulation/noise.ts";
import { roomPresets } from "../../src/simulation/room/room.ts";
import type { RoomParameters, ThermalState } from "../../src/simulation/room/thermal.ts";
import { advanceThermal, evenlyAt } from "../../src/simulation/room/thermal.ts";

export interface Room {
  readonly power: number;
  readonly radiator: number;
  readonly sensor: number;
  readonly start: number;
  /** Air and fabric shrink with it: 1 is the reference room of 30 h. */
  readonly mass?: number;
  readonly outside: (hour: number) => number;
  /** Heat besides the heater's (W). */
  readonly gain?: (hour: number) => number;
}

export class Plant {
  #seconds = 0;
  readonly #room: Room;
  readonly #parameters: RoomParameters;
  readonly #state: ThermalState;

  constructor(room: Room) {
    const { power, radiator, sensor, start, mass = 1 } = room;
    const { living } = roomPresets;
    this.#room = room;
    this.#parameters = {
      ...living,
      heaterPower: power,
      heaterTimeConstant: radiator,
      airCapacity: living.airCapacity * mass,
      fabricCapacity: living.fabricCapacity * mass,
      sensorLag: sensor,
    };
    this.#state = evenlyAt(start);
  }

  get sensed(): number {
    return this.#state.sensor;
  }

  /** The true temperature. */
  get air(): number {
    return this.#state.air;
  }

  run(seconds: number, heating: boolean): void {
    const { power, outside, gain } = this.#room;
    for (let second = 0; second < seconds; second++) {
      const hour = this.#seconds++ / 3600;
      const around = { outside: outside(hour), gain: gain?.(hour) ?? 0, window: 0 };
      advanceThermal(this.#state, this.#parameters, 1, heating ? power : 0, around);
    }
  }
}

/** Reproducible normal noise: Box and Muller, one of each pair. */
export function noise(seed: number, sigma: number): () => number {
  const next = uniform(seed);
  return () => sigma * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}
