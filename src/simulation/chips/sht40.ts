/**
 * Model of an SHT40. Section numbers are those of Sensirion's SHT4x datasheet, version 6.
 *
 * Guarantee: at least as strict as the chip: a measurement takes its maximum time; while it measures, heats or starts it
 * accepts only a reset; unknown commands are acknowledged and ignored. The first byte selects the command, so that a
 * command for an SHT31 has the same effect as on a real SHT40: 24h heats.
 */
import type { RelativeHumidityPercent } from "../../base/units.ts";
import { SensirionModel } from "./sensirion.ts";
import { word } from "./sensor.ts";

/** Longest duration of a measurement by command, in ms (3.2). */
const measurementMs = new Map([
  [0xfd, 8.3],
  [0xf6, 4.5],
  [0xe0, 1.6],
]);
/** Longest duration of a heater pulse by command, in ms (3.2, 4.9). A measurement ends it. */
const heaterMs = new Map([
  [0x39, 1100],
  [0x32, 110],
  [0x2f, 1100],
  [0x24, 110],
  [0x1e, 1100],
  [0x15, 110],
]);
const readSerial = 0x89;
const softReset = 0x94;
/** Power-up and soft reset (3.2). */
const startMs = 1;
/** Error of the temperature right after a pulse (K), in the order of tens of kelvin. */
const heaterRise = 20;
const serial = [0x0f4c, 0x2a61] as const;

export class Sht40Model extends SensirionModel {
  protected readonly startMs = startMs;
  #pulses = 0;

  /** Heater pulses since power-up. */
  get heaterPulses(): number {
    return this.#pulses;
  }

  override powerUp(): void {
    super.powerUp();
    this.#pulses = 0;
  }

  write(bytes: Uint8Array): boolean {
    const now = this.clock.now();
    const [command] = bytes;
    const busy = now < this.busyUntil;
    // A write without data is a bus probe.
    if (command === undefined) return !busy;
    if (busy && command !== softReset) return false;
    this.answer = undefined;
    this.#execute(command, now);
    return true;
  }

  #execute(command: number, now: number): void {
    const measurement = measurementMs.get(command);
    const pulse = heaterMs.get(command);
    if (measurement !== undefined) {
      this.measure(0);
      this.busyUntil = now + measurement;
    } else if (pulse !== undefined) {
      this.#pulses++;
      this.measure(heaterRise);
      this.busyUntil = now + pulse + 8.3;
    } else if (command === readSerial) this.answer = Uint8Array.from(serial.flatMap(word));
    else if (command === softReset) this.busyUntil = now + startMs;
  }

  /** RH = −6 + 125·S/(2¹⁶−1) (4.6). */
  protected humidityShare(humidity: RelativeHumidityPercent): number {
    return (humidity + 6) / 125;
  }
}
