/**
 * Folder sensor/: finds the sensor and reads it.
 *
 * The supported sensors, one row each, in the order of the search.
 *
 * A driver in chips/ is a sensor: each reading includes the chip's properties by which the core judges it.
 */
import type { Clock } from "../../base/clock.ts";
import type { I2cBus } from "../../chips/bus.ts";
import type { Repeatability } from "../../chips/sensirion.ts";
import { Sht31 } from "../../chips/sht31.ts";
import { Sht40 } from "../../chips/sht40.ts";
import type { SensorReading } from "../../control/input.ts";

export interface Sensor {
  /** Never rejects, and settles soon; a failure is a reading of kind "failed". "ok" only for its own kind of chip. */
  measure(repeatability?: Repeatability): Promise<SensorReading>;
}

export interface SensorKind {
  readonly name: string;
  /** Possible 7-bit I²C addresses, the usual one first. */
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
