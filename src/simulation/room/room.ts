/**
 * Folder room/: the room and its weather.
 *
 * Thermal model of a heated room: heater – air – fabric – outside, and a sensor that lags behind the air.
 *
 * Guarantee: deterministic for a seed, and stable for any step: integrated in Euler steps of at most one second, far
 * below the shortest time constant of the presets. Parameters follow BOPTEST's testcase1 and the mass classes of
 * ISO 13790, table 12.
 */
import type { Celsius, Millis, RelativeHumidityPercent } from "../../base/units.ts";
import { celsius, relativeHumidity } from "../../base/units.ts";
import { gaussian } from "../noise.ts";

export interface RoomParameters {
  /** Electrical power of the heater (W). */
  readonly heaterPower: number;
  /** Time constant of the heater's own body (s): 40 for a fan heater, 800 for an oil radiator. */
  readonly heaterTimeConstant: number;
  /** Excess temperature of the heater's body over the air at full power (K). */
  readonly heaterExcess: number;
  /** Heat capacity of the air and of what follows it without delay (J/K). */
  readonly airCapacity: number;
  /** Heat capacity of walls, floor and furniture (J/K). */
  readonly fabricCapacity: number;
  /** Heat flow from air to fabric (W/K). */
  readonly airToFabric: number;
  /** Heat loss from the air directly to the outside: draughts and panes (W/K). */
  readonly airToOutside: number;
  /** Heat loss from the fabric to the outside (W/K). */
  readonly fabricToOutside: number;
  /** Time constant of the sensor in its case (s). */
  readonly sensorLag: number;
  /** Standard deviation of one reading (K). */
  readonly sensorNoise: number;
}

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
  #heater: number;
  #air: number;
  #fabric: number;
  #sensor: number;

  constructor(parameters: RoomParameters, start: RoomStart) {
    this.parameters = parameters;
    this.#noise = gaussian(start.seed);
    this.#vapourPressure = (start.humidity / 100) * saturationPressure(start.temperature);
    this.#heater = start.temperature;
    this.#air = start.temperature;
    this.#fabric = start.temperature;
    this.#sensor = start.temperature;
  }

  /** The true air temperature. */
  get temperature(): Celsius {
    return celsius(this.#air);
  }

  /** The sensor's temperature without noise. */
  get sensorTemperature(): Celsius {
    return celsius(this.#sensor);
  }

  /** Relative humidity at the sensor's temperature. */
  get humidity(): RelativeHumidityPercent {
    return relativeHumidity((100 * this.#vapourPressure) / saturationPressure(this.#sensor));
  }

  /** One noisy reading in steps of 0.01 K; every call draws new noise. */
  measure(): Celsius {
    const noisy = this.#sensor + this.parameters.sensorNoise * this.#noise();
    return celsius(Math.round(noisy * 100) / 100);
  }

  /** Advances time. @param window extra heat loss of the air to the outside (W/K), 0 when shut */
  advance(elapsed: Millis, heaterOn: boolean, outside: Celsius, window = 0): void {
    let leftS = Math.max(0, elapsed / 1000);
    while (leftS > 0) {
      const stepS = Math.min(1, leftS);
      this.#step(stepS, heaterOn, outside, window);
      leftS -= stepS;
    }
  }

  #step(stepS: number, heaterOn: boolean, outside: number, window: number): void {
    const p = this.parameters;
    const heaterToAir = p.heaterPower / p.heaterExcess;
    const heaterCapacity = p.heaterTimeConstant * heaterToAir;
    const given = (this.#heater - this.#air) * heaterToAir;
    const toFabric = (this.#air - this.#fabric) * p.airToFabric;
    const airLoss = (this.#air - outside) * (p.airToOutside + window);
    const fabricLoss = (this.#fabric - outside) * p.fabricToOutside;
    this.#sensor += (stepS * (this.#air - this.#sensor)) / p.sensorLag;
    this.#heater += (stepS * ((heaterOn ? p.heaterPower : 0) - given)) / heaterCapacity;
    this.#air += (stepS * (given - toFabric - airLoss)) / p.airCapacity;
    this.#fabric += (stepS * (toFabric - fabricLoss)) / p.fabricCapacity;
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
