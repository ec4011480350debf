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
import { type Board, makeHygrometer, makeThermometer } from "./johnny-five.ts";

export class RoomSensor {
  readonly #chips: Sht31[];
  readonly #temperature: ReturnType<typeof makeThermometer>;
  readonly #humidity: ReturnType<typeof makeHygrometer>;
  #found = false;

  constructor(board: Board, bus: I2cBus, clock: Clock) {
    // The module's solder bridge decides between the two; 0x44 as delivered.
    this.#chips = ([0x44, 0x45] as const).map((address) => new Sht31(bus, clock, { address }));
    this.#temperature = makeThermometer(board);
    this.#humidity = makeHygrometer(board);
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
