/**
 * The room's temperature and humidity: an SHT31 read by our own driver, as johnny-five's components give it.
 *
 * Guarantee: only a value whose CRC was good reaches the components, and after a failure they hold none; a
 * reading never rejects. A sensor is found at either address at any time, so one that was swapped under way too.
 */

import type { Clock } from "../../base/clock.ts";
import { celsius, relativeHumidity } from "../../base/units.ts";
import type { I2cBus } from "../../chips/bus.ts";
import { Sht31 } from "../../chips/sht31.ts";
import type { SensorFailure, SensorReading } from "../../control/input.ts";
import type { makeHygrometer, makeThermometer } from "../johnny-five/johnny-five.ts";

type FedThermometer = ReturnType<typeof makeThermometer>;
type FedHygrometer = ReturnType<typeof makeHygrometer>;

/** The sensor at each address that it may have: the module's solder bridge decides; 0x44 as delivered. */
export const sensorChips = (bus: I2cBus, clock: Clock): readonly Sht31[] =>
  ([0x44, 0x45] as const).map((address) => new Sht31(bus, clock, { address }));

/** A few failures are a disturbance; after so many in a row the sensor may be at its other address. */
const failuresBeforeSearch = 3;

/** What says most about the cause comes first; these concern one address, the rest the whole bus. */
const tellingFirst: readonly SensorFailure[] = ["heater-on", "wrong-chip", "bad-crc", "nack"];

export class RoomSensor {
  readonly #chips: Sht31[];
  readonly #temperature: FedThermometer;
  readonly #humidity: FedHygrometer;
  /** Failed readings in a row. Until one was good, every failure starts a search. */
  #failures = failuresBeforeSearch - 1;

  constructor(chips: readonly Sht31[], temperature: FedThermometer, humidity: FedHygrometer) {
    this.#chips = [...chips];
    this.#temperature = temperature;
    this.#humidity = humidity;
  }

  async read(): Promise<SensorReading> {
    const reading = await this.#measure();
    if (reading.kind === "failed") {
      this.#temperature.feed(null);
      this.#humidity.feed(null);
      return reading;
    }
    this.#temperature.feed(reading.temperature);
    this.#humidity.feed(reading.humidity);
    return {
      ...reading,
      temperature: celsius(this.#temperature.thermometer.celsius),
      humidity: relativeHumidity(this.#humidity.hygrometer.relativeHumidity),
    };
  }

  /** Where it was last; once that has failed for a while, at each of its addresses. */
  async #measure(): Promise<SensorReading> {
    let telling: FailedReading | undefined;
    for (const chip of [...this.#chips]) {
      const reading = await chip.measure();
      if (reading.kind === "ok") {
        this.#failures = 0;
        this.#chips.sort((a, b) => Number(b === chip) - Number(a === chip));
        return reading;
      }
      if (telling === undefined) this.#failures++;
      telling = moreTelling(telling, reading);
      if (this.#failures < failuresBeforeSearch || !tellingFirst.includes(reading.reason)) break;
    }
    if (telling === undefined) throw new Error("a sensor has at least one address");
    return telling;
  }
}

type FailedReading = Extract<SensorReading, { kind: "failed" }>;

function moreTelling(first: FailedReading | undefined, second: FailedReading): FailedReading {
  if (first === undefined) return second;
  const rank = ({ reason }: FailedReading) => tellingFirst.indexOf(reason);
  return { ...(rank(second) < rank(first) ? second : first), atMs: second.atMs };
}
