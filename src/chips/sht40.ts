/**
 * Driver of an SHT40, SHT41, SHT43 or SHT45 (Sensirion's SHT4x datasheet, version 6), which have the same protocol.
 *
 * Guarantee: nothing here rejects or hangs: each call settles within a bounded time, failures are values, and after
 * failures in a row the next call resets the sensor. A reading is "ok" only if both words have a valid checksum, and
 * only after the chip has sent its serial number, which an SHT31 at the same address does not.
 *
 * The chip has no status. Its heater is on for at most 1.1 s (section 4.9), and its measurement during that time is not
 * read. A value still warm after it is rejected as too fast (SR-03). A single flipped bit turns none of the commands
 * below into a heater command.
 */
import type { Clock } from "../base/clock.ts";
import { millis, relativeHumidity } from "../base/units.ts";
import type { SensorFailure, SensorReading } from "../control/input.ts";
import type { I2cBus } from "./bus.ts";
import {
  checkedWord,
  commandGap,
  type Repeatability,
  type Sample,
  SensorPort,
  shtChip,
  shtTemperature,
} from "./sensirion.ts";

/** One byte each (section 4.5). */
export const sht40Command = {
  measureHigh: 0xfd,
  measureMedium: 0xf6,
  measureLow: 0xe0,
  readSerial: 0x89,
  softReset: 0x94,
} as const;

/** The longest conversion times (8.3, 4.5 and 1.6 ms), plus a margin for early timers. */
const conversions = {
  high: { command: sht40Command.measureHigh, time: millis(10) },
  medium: { command: sht40Command.measureMedium, time: millis(6) },
  low: { command: sht40Command.measureLow, time: millis(3) },
} as const satisfies Record<Repeatability, object>;

export class Sht40 {
  readonly #port: SensorPort;
  readonly #clock: Clock;
  #prepared = false;

  /** @param address 7-bit: 0x44 for the types -A, 0x45 for the types -B */
  constructor(bus: I2cBus, clock: Clock, address = 0x44) {
    this.#port = new SensorPort(bus, clock, address);
    this.#clock = clock;
  }

  get address(): number {
    return this.#port.address;
  }

  /** One reading. A call during a measurement shares that measurement. */
  measure(repeatability: Repeatability = "high"): Promise<SensorReading> {
    return this.#port.measure({
      chip: shtChip,
      sample: () => this.#sampleOf(repeatability),
      onFailures: () => {
        this.#prepared = false;
      },
    });
  }

  async #sampleOf(repeatability: Repeatability): Promise<Sample | SensorFailure> {
    if (!this.#prepared) {
      const outcome = await this.#port.attempt(() => this.#prepare());
      if (outcome !== "done") return outcome;
      this.#prepared = true;
    }
    return this.#port.attempt(() => this.#sample(repeatability));
  }

  /** The reset ends a measurement or heating started by another program. It takes at most 1 ms. */
  async #prepare(): Promise<"done" | SensorFailure> {
    await this.#port.command(Uint8Array.of(sht40Command.softReset));
    await this.#port.command(Uint8Array.of(sht40Command.readSerial));
    await this.#clock.sleep(commandGap);
    const serial = await this.#port.read(6);
    if (checkedWord(serial, 0) === undefined || checkedWord(serial, 3) === undefined) return "bad-crc";
    this.#port.recognize();
    return "done";
  }

  async #sample(repeatability: Repeatability): Promise<Sample | SensorFailure> {
    const { command, time } = conversions[repeatability];
    await this.#port.command(Uint8Array.of(command));
    await this.#clock.sleep(time);
    const answer = await this.#port.read(6);
    const temperature = checkedWord(answer, 0);
    const humidity = checkedWord(answer, 3);
    if (temperature === undefined || humidity === undefined) return "bad-crc";
    return {
      temperature: shtTemperature(temperature),
      // Section 4.6. The scale exceeds 0 and 100 %; `relativeHumidity` clamps it.
      humidity: relativeHumidity(-6 + (125 * humidity) / 65535),
      raw: { temperature, humidity },
    };
  }
}
