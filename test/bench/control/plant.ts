/**
 * Folder control/: `npm run bench:control`, how well the whole core heats simulated rooms, beside other thermostats.
 *
 * A room over time and its sensor. The power that the heater really draws is given apart from the command, so that a
 * dead heater or a welded contact can be played.
 */
import { gaussian } from "../../../src/simulation/noise.ts";
import type { Around, RoomParameters, ThermalState } from "../../../src/simulation/room/thermal.ts";
import { advanceThermal, evenlyAt } from "../../../src/simulation/room/thermal.ts";

/** A quantity by hours since the start; hour 0 is midnight. */
export type ByHour = (hour: number) => number;

/** A room, its sensor, and all that happens to it. */
export interface Course {
  readonly room: RoomParameters;
  /** Steps of the readings (K), and the time between them (whole s). */
  readonly quantum: number;
  readonly periodS: number;
  /** Temperature at which everything starts (°C), or each part's own. */
  readonly start: number | ThermalState;
  readonly hours: number;
  /** Scored from this hour to the end. */
  readonly scoreFrom: number;
  /** Set-point (°C). */
  readonly target: ByHour;
  /** °C. */
  readonly outside: ByHour;
  /** Extra loss through a window (W/K). */
  readonly window: ByHour;
  /** Heat besides the heater's (W): sun, people, a stove. */
  readonly gain: ByHour;
  /** What the heater really draws (W); by default what was commanded. */
  readonly power?: (commanded: boolean, hour: number) => number;
}

/** The same in three hours, of which two are scored: shows that it runs, and nothing else. */
export const shortened = (course: Course): Course => ({ ...course, hours: 3, scoreFrom: 1 });

/** One room in the making: `advance` a second, `read` the sensor. */
export class Plant {
  readonly state: ThermalState;
  readonly #course: Course;
  readonly #noise: () => number;

  constructor(course: Course, seed: number) {
    this.#course = course;
    this.#noise = gaussian(seed);
    this.state = typeof course.start === "number" ? evenlyAt(course.start) : { ...course.start };
  }

  /** A reading of the lagging, noisy, coarse sensor (°C). */
  read(): number {
    const { quantum, room } = this.#course;
    const steps = Math.round((this.state.sensor + room.sensorNoise * this.#noise()) / quantum);
    // Without the tail of binary fractions, which a sensor's driver does not produce either.
    return Math.round(steps * quantum * 1000) / 1000;
  }

  /** What surrounds the room at that hour. */
  around(hour: number): Around {
    const { outside, window, gain } = this.#course;
    return { outside: outside(hour), window: window(hour), gain: gain(hour) };
  }

  /** What the heater draws (W). */
  power(commanded: boolean, hour: number): number {
    const { power, room } = this.#course;
    return power ? power(commanded, hour) : commanded ? room.heaterPower : 0;
  }

  advanceSecond(power: number, around: Around): void {
    advanceThermal(this.state, this.#course.room, 1, power, around);
  }
}

/** The room as it is when its air has long been at that temperature. */
export function settledAt(room: RoomParameters, air: number, outside: number): ThermalState {
  const { airToFabric, fabricToOutside, airToOutside, heaterPower, heaterExcess } = room;
  const fabric = (air * airToFabric + outside * fabricToOutside) / (airToFabric + fabricToOutside);
  const power = (air - fabric) * airToFabric + (air - outside) * airToOutside;
  return { air, fabric, sensor: air, heater: air + (power / heaterPower) * heaterExcess };
}
