/**
 * Folder room/: the room and its weather.
 *
 * A heated room with a noisy sensor (thermal.ts is the physics).
 *
 * Guarantee: deterministic for a seed, and stable for any step: integrated in Euler steps of at most one second, far
 * below the shortest time constant of the presets.
 */
import type { Celsius, Millis, RelativeHumidityPercent } from "../../base/units.ts";
import { celsius, relativeHumidity } from "../../base/units.ts";
import { gaussian } from "../noise.ts";
import type { RoomParameters, ThermalState } from "./thermal.ts";
import { advanceThermal, evenlyAt } from "./thermal.ts";

export type { RoomParameters } from "./thermal.ts";

/** 15 m², 22.8 W/K in all, time constants 0.19, 0.46 and 30 h, with a 1 kW oil radiator. */
const living: RoomParameters = {
  heaterPower: 1000,
  heaterTimeConstant: 800,
  heaterExcess: 40,
  airCapacity: 2.25e5,
  fabricCapacity: 2.475e6,
  airToFabric: 138,
  airToOutside: 6.3,
  fabricToOutside: 18.7,
  sensorLag: 300,
  sensorNoise: 0.013,
};

/** Rooms by name. */
export const roomPresets = {
  living,
  /** The same room with a 2 kW fan heater. */
  fanHeater: { ...living, heaterPower: 2000, heaterTimeConstant: 60 },
  /** A heater too small for a cold day. */
  smallHeater: { ...living, heaterPower: 600 },
  /** The same room with a cheap or badly wired sensor. */
  noisySensor: { ...living, sensorNoise: 0.2 },
  /** A garden shed: thin walls, draughts, time constants below an hour. */
  shed: {
    ...living,
    heaterPower: 2000,
    heaterTimeConstant: 100,
    airCapacity: 6e4,
    fabricCapacity: 1.5e5,
    airToFabric: 80,
    airToOutside: 20,
    fabricToOutside: 40,
    sensorLag: 120,
  },
  /** Old stone: 60 h and more. */
  stone: {
    ...living,
    heaterPower: 1500,
    airCapacity: 3e5,
    fabricCapacity: 7e6,
    airToFabric: 220,
    airToOutside: 8,
    fabricToOutside: 24,
  },
} as const satisfies Record<string, RoomParameters>;

export type RoomPreset = keyof typeof roomPresets;

export interface RoomStart {
  /** Initial temperature of air, fabric, heater and sensor. */
  readonly temperature: Celsius;
  /** At that temperature; the amount of water in the air stays constant. */
  readonly humidity: RelativeHumidityPercent;
  readonly seed: number;
}

export class Room {
  readonly parameters: RoomParameters;
  readonly #noise: () => number;
  readonly #vapourPressure: number;
  readonly #state: ThermalState;

  constructor(parameters: RoomParameters, start: RoomStart) {
    this.parameters = parameters;
    this.#noise = gaussian(start.seed);
    this.#vapourPressure = (start.humidity / 100) * saturationPressure(start.temperature);
    this.#state = evenlyAt(start.temperature);
  }

  /** The true air temperature. */
  get temperature(): Celsius {
    return celsius(this.#state.air);
  }

  /** The sensor's temperature without noise. */
  get sensorTemperature(): Celsius {
    return celsius(this.#state.sensor);
  }

  /** Relative humidity at the sensor's temperature. */
  get humidity(): RelativeHumidityPercent {
    return relativeHumidity((100 * this.#vapourPressure) / saturationPressure(this.#state.sensor));
  }

  /** One noisy reading in steps of 0.01 K; every call draws new noise. */
  measure(): Celsius {
    const noisy = this.#state.sensor + this.parameters.sensorNoise * this.#noise();
    return celsius(Math.round(noisy * 100) / 100);
  }

  /** Advances time. @param window extra heat loss of the air to the outside (W/K), 0 when shut */
  advance(elapsed: Millis, heaterOn: boolean, outside: Celsius, window = 0): void {
    const power = heaterOn ? this.parameters.heaterPower : 0;
    const around = { outside, window, gain: 0 };
    for (let leftS = Math.max(0, elapsed / 1000); leftS > 0; leftS -= 1) {
      advanceThermal(this.#state, this.parameters, Math.min(1, leftS), power, around);
    }
  }
}

/** Saturation vapour pressure over water in Pa: Magnus' formula, WMO guide no. 8 (2008), annex 4.B. */
function saturationPressure(temperature: number): number {
  return 611.2 * Math.exp((17.62 * temperature) / (243.12 + temperature));
}

const dayMs = 24 * 3600 * 1000;

/** Outside temperature over the day: coldest at 04:00, warmest at 16:00. Time 0 is midnight. */
export function dailyOutside(mean: Celsius, amplitude: number): (atMs: Millis) => Celsius {
  return (atMs) =>
    celsius(mean + amplitude * Math.sin(2 * Math.PI * (atMs / dayMs) - (2 * Math.PI * 10) / 24));
}
