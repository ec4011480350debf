/** What the models of Sensirion's sensors have in common: the answer that waits, and a measurement with its defects. */
import type { Clock } from "../../base/clock.ts";
import type { RelativeHumidityPercent } from "../../base/units.ts";
import { type Air, bytesRead, fraction, type SensorDefect, type SensorModel, word } from "./sensor.ts";

export abstract class SensirionModel implements SensorModel {
  protected readonly clock: Clock;
  readonly #air: Air;
  /** Waits to be read until the chip is no longer busy. */
  protected answer: Uint8Array | undefined;
  protected busyUntil = Number.NEGATIVE_INFINITY;
  #lastWords: readonly [number, number] | undefined;
  #measurements = 0;
  defect: SensorDefect = "none";

  constructor(clock: Clock, air: Air) {
    this.clock = clock;
    this.#air = air;
  }

  get measurements(): number {
    return this.#measurements;
  }

  /** Power-up time in ms. */
  protected abstract readonly startMs: number;
  abstract write(bytes: Uint8Array): boolean;
  /** @returns the humidity's share of the 16-bit scale */
  protected abstract humidityShare(humidity: RelativeHumidityPercent): number;

  powerUp(): void {
    this.answer = undefined;
    this.#measurements = 0;
    this.#lastWords = undefined;
    this.busyUntil = this.clock.now() + this.startMs;
  }

  read(length: number): Uint8Array | undefined {
    const { answer } = this;
    if (answer === undefined || this.defect === "silent" || this.clock.now() < this.busyUntil)
      return undefined;
    this.answer = undefined;
    return bytesRead(answer, length);
  }

  /** T = −45 + 175·S/(2¹⁶−1) (SHT3x 4.13, SHT4x 4.6). @param warmth how much the built-in heater adds, in kelvin */
  protected measure(warmth: number): void {
    this.#measurements++;
    const frozen = this.defect === "stuck" ? this.#lastWords : undefined;
    this.#lastWords = frozen ?? [
      fraction((this.#air.measureTemperature() + warmth + 45) / 175),
      fraction(this.humidityShare(this.#air.humidity())),
    ];
    this.answer = Uint8Array.from(this.#lastWords.flatMap(word));
  }
}
