/**
 * The room's temperature and humidity, from whichever of the known sensors is plugged in.
 *
 * Guarantee: a reading never rejects. A sensor is found at each of its addresses at any time, so one that was swapped
 * under way too. While none answers well, the failure that says most about the cause is given.
 */

import type { Clock } from "../../base/clock.ts";
import type { I2cBus } from "../../chips/bus.ts";
import type { Repeatability } from "../../chips/sensirion.ts";
import type { SensorFailure, SensorReading } from "../../control/input.ts";
import { type Sensor, type SensorKind, sensorKinds } from "./sensor.ts";

/** A sensor at one address, asked whether it is there. */
interface Candidate {
  readonly kind: SensorKind;
  readonly address: number;
  readonly sensor: Sensor;
}

/** A few failures are a disturbance; after so many in a row another sensor, or another address, is tried. */
const failuresBeforeSearch = 3;

/**
 * What says most about the cause comes first. These concern one address, the rest the whole bus. A chip that one driver
 * calls garbled and another a wrong one is garbled: only the first knows it.
 */
const tellingFirst: readonly SensorFailure[] = ["heater-on", "bad-crc", "wrong-chip", "bus", "nack"];

export class FoundSensor {
  #candidates: readonly Candidate[];
  #known = false;
  /** Failed readings in a row. Until one was good, every failure starts a search. */
  #failures = failuresBeforeSearch - 1;

  /** @param isAllowed tells whether an address may be asked; all may when not given */
  constructor(bus: I2cBus, clock: Clock, isAllowed: (address: number) => boolean = () => true) {
    this.#candidates = sensorKinds.flatMap((kind) =>
      kind.addresses
        .filter(isAllowed)
        .map((address) => ({ kind, address, sensor: kind.open(bus, clock, address) })),
    );
  }

  /** What gave the newest good reading. */
  get found(): { readonly name: string; readonly address: number } | undefined {
    const [first] = this.#candidates;
    return this.#known && first ? { name: first.kind.name, address: first.address } : undefined;
  }

  /** Begins a measurement where a sensor usually is; whoever reads first shares it. */
  begin(repeatability: Repeatability): void {
    void this.#candidates[0]?.sensor.measure(repeatability);
  }

  /** Where it was last; once that has failed for a while, every sensor at every address. */
  async read(): Promise<SensorReading> {
    let telling: FailedReading | undefined;
    for (const candidate of this.#candidates) {
      const reading = await candidate.sensor.measure();
      if (reading.kind === "ok") {
        this.#failures = 0;
        this.#known = true;
        this.#candidates = [candidate, ...this.#candidates.filter((each) => each !== candidate)];
        return reading;
      }
      if (telling === undefined) this.#failures++;
      telling = moreTelling(telling, reading);
      if (this.#failures < failuresBeforeSearch || !tellingFirst.includes(reading.reason)) break;
    }
    if (telling === undefined) throw new Error("no address of a sensor may be asked");
    return telling;
  }
}

type FailedReading = Extract<SensorReading, { kind: "failed" }>;

function moreTelling(first: FailedReading | undefined, second: FailedReading): FailedReading {
  if (first === undefined) return second;
  const rank = ({ reason }: FailedReading) => tellingFirst.indexOf(reason);
  return { ...(rank(second) < rank(first) ? second : first), atMs: second.atMs };
}
