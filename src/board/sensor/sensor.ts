/**
 * Folder sensor/: finds the sensor and reads it.
 *
 * The sensors of temperature and humidity that the board knows, one row each, in the order in which they are looked for.
 *
 * A driver in chips/ is a sensor as it is: what its readings mean, and by which limits the core judges them, comes with
 * each reading.
 */
import type { Clock } from "../../base/clock.ts";
import type { I2cBus } from "../../chips/bus.ts";
import type { Repeatability } from "../../chips/sensirion.ts";
import { Sht31 } from "../../chips/sht31.ts";
import { Sht40 } from "../../chips/sht40.ts";
import type { SensorReading } from "../../control/input.ts";

export interface Sensor {
  /** Never rejects, and settles soon; a failure is a reading of kind "failed". Says "ok" only if it is its own chip. */
  measure(repeatability?: Repeatability): Promise<SensorReading>;
}

export interface SensorKind {
  readonly name: string;
  /** 7-bit I²C addresses that it may have, the usual one first. */
  readonly addresses: readonly number[];
  readonly open: (bus: I2cBus, clock: Clock, address: number) => Sensor;
}

export const sensorKinds: readonly SensorKind[] = [
  {
    name: "SHT31",
    // The module's solder bridge decides.
    addresses: [0x44, 0x45],
    open: (bus, clock, address) => new Sht31(bus, clock, { address }),
  },
  {
    name: "SHT4x",
    // The letter after the type decides: -A or -B.
    addresses: [0x44, 0x45],
    open: (bus, clock, address) => new Sht40(bus, clock, address),
  },
];
