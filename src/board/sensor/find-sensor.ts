/**
 * Temperature and humidity from any of the supported sensors.
 *
 * Guarantee: a reading never rejects. A sensor is found at each of its addresses at any time, also after it was
 * swapped. While none works, the most informative failure is returned.
 */

import type { Clock } from "../../base/clock.ts";
import type { I2cBus } from "../../chips/bus.ts";
import type { Repeatability } from "../../chips/sensirion.ts";
import type { SensorFailure, SensorReading } from "../../control/input.ts";
import { type Sensor, type SensorKind, sensorKinds } from "./sensor.ts";

/** A sensor type at one address. */
interface Candidate {
  readonly kind: SensorKind;
  readonly address: number;
  readonly sensor: Sensor;
}

/** After this many failures in a row, other sensors and addresses are tried; fewer count as a disturbance. */
const failuresBeforeSearch = 3;

/**
 * The most informative failure first. These concern one address, others the whole bus. If one driver reports bad-crc
 * and another wrong-chip, bad-crc counts: the first has recognized the chip.
 */
const mostInformativeFirst: readonly SensorFailure[] = ["heater-on", "bad-crc", "wrong-chip", "bus", "nack"];

export class FoundSensor {
  #candidates: readonly Candidate[];
  #known = false;
  /** Failed readings in a row. Before the first good one, every failure starts a search. */
  #failures = failuresBeforeSearch - 1;

  /** @param isAllowed whether an address may be used; default: all */
  constructor(bus: I2cBus, clock: Clock, isAllowed: (address: number) => boolean = () => true) {
    this.#candidates = sensorKinds.flatMap((kind) =>
      kind.addresses
        .filter(isAllowed)
        .map((address) => ({ kind, address, sensor: kind.open(bus, clock, address) })),
    );
  }

  /** The source of the newest good reading. */
  get found(): { readonly name: string; readonly address: number } | undefined {
    const [first] = this.#candidates;
    return this.#known && first ? { name: first.kind.name, address: first.address } : undefined;
  }

  /** Starts a measurement at the usual address, which the first reading shares. */
  begin(repeatability: Repeatability): void {
    void this.#candidates[0]?.sensor.measure(repeatability);
  }

  /** Reads the last source; after failures in a row, tries every sensor at every address. */
  async read(): Promise<SensorReading> {
    let mostInformative: FailedReading | undefined;
    for (const candidate of this.#candidates) {
      const reading = await candidate.sensor.measure();
      if (reading.kind === "ok") {
        this.#failures = 0;
        this.#known = true;
        this.#candidates = [candidate, ...this.#candidates.filter((each) => each !== candidate)];
        return reading;
      }
      if (mostInformative === undefined) this.#failures++;
      mostInformative = moreInformative(mostInformative, reading);
      if (this.#failures < failuresBeforeSearch || !mostInformativeFirst.includes(reading.reason)) break;
    }
    if (mostInformative === undefined) throw new Error("no sensor address is allowed");
    return mostInformative;
  }
}

type FailedReading = Extract<SensorReading, { kind: "failed" }>;

function moreInformative(first: FailedReading | undefined, second: FailedReading): FailedReading {
  if (first === undefined) return second;
  const rank = ({ reason }: FailedReading) => mostInformativeFirst.indexOf(reason);
  return { ...(rank(second) < rank(first) ? second : first), atMs: second.atMs };
}
