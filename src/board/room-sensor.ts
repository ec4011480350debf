/**
 * The room's temperature and humidity: an SHT31 read by our own driver, as johnny-five's components give it.
 *
 * Guarantee: only a value whose CRC was good reaches the components, and after a failure they hold none; a
 * reading never rejects.
 */
import type { I2cBus } from "../chips/bus.ts";
import { Sht31 } from "../chips/sht31.ts";
import type { Clock } from "../control/clock.ts";
import type { SensorReading } from "../control/input.ts";
import { celsius, relativeHumidity } from "../control/units.ts";
import type { makeHygrometer, makeThermometer } from "./johnny-five.ts";

type FedThermometer = ReturnType<typeof makeThermometer>;
type FedHygrometer = ReturnType<typeof makeHygrometer>;

/** The sensor at each address that it may have: the module's solder bridge decides; 0x44 as delivered. */
export const sensorChips = (bus: I2cBus, clock: Clock): readonly Sht31[] =>
  ([0x44, 0x45] as const).map((address) => new Sht31(bus, clock, { address }));

export class RoomSensor {
  readonly #chips: Sht31[];
  readonly #temperature: FedThermometer;
  readonly #humidity: FedHygrometer;
  #found = false;

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

  /** Until the sensor has answered, if only with a bad CRC, each attempt tries the other address. */
  async #measure(): Promise<SensorReading> {
    const [chip] = this.#chips;
    if (chip === undefined) throw new Error("a sensor has at least one address");
    const reading = await chip.measure();
    if (reading.kind === "ok" || reading.reason === "bad-crc") this.#found = true;
    if (!this.#found) this.#chips.push(...this.#chips.splice(0, 1));
    return reading;
  }
}
