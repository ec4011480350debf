/**
 * Model of an SHT31. Section numbers are those of Sensirion's datasheet, version 5.
 *
 * Guarantee: at least as strict as the chip: a measurement takes its maximum time, commands that follow too early are
 * not acknowledged, and unspecified commands are refused. Supported: single shot without clock stretching, status,
 * heater, break and soft reset. Not supported: periodic measurement and clock stretching, which the Pi's I²C lacks.
 */
import type { RelativeHumidityPercent } from "../../base/units.ts";
import { SensirionModel } from "./sensirion.ts";
import { word } from "./sensor.ts";

/** Longest duration of a measurement by command, in ms (4.3 table 8, 2.2 table 4). */
const measurementMs = new Map([
  [0x2400, 15],
  [0x240b, 6],
  [0x2416, 4],
]);
const softResetMs = 1.5;
/** t_W, the minimum time between two commands (2.2 table 4). */
const commandGapMs = 1;

const commands = {
  break: 0x3093,
  softReset: 0x30a2,
  heaterOn: 0x306d,
  heaterOff: 0x3066,
  readStatus: 0xf32d,
  clearStatus: 0x3041,
} as const;

/** Bits of the status register (4.11 table 17). */
export const sht31Status = {
  alertPending: 1 << 15,
  heaterOn: 1 << 13,
  humidityAlert: 1 << 11,
  temperatureAlert: 1 << 10,
  resetDetected: 1 << 4,
  commandFailed: 1 << 1,
} as const;
const clearable =
  sht31Status.alertPending |
  sht31Status.humidityAlert |
  sht31Status.temperatureAlert |
  sht31Status.resetDetected;
const afterReset = sht31Status.alertPending | sht31Status.resetDetected;

/** The built-in heater warms the sensor by a few degrees (4.10). */
const heaterRise = 3;

export class Sht31Model extends SensirionModel {
  protected readonly startMs = softResetMs;
  #status = afterReset;
  #lastCommandAt = Number.NEGATIVE_INFINITY;

  /** The status register. */
  get status(): number {
    return this.#status;
  }

  override powerUp(): void {
    super.powerUp();
    this.#status = afterReset;
  }

  write(bytes: Uint8Array): boolean {
    const now = this.clock.now();
    // A write without data is a bus probe.
    if (bytes.length === 0) return now >= this.busyUntil;
    const [high, low] = bytes;
    if (now < this.#lastCommandAt + commandGapMs) return false;
    const command = high === undefined || low === undefined ? undefined : (high << 8) | low;
    // During a measurement the chip accepts only break (4.8).
    if (now < this.busyUntil && command !== commands.break) return false;
    this.#lastCommandAt = now;
    this.answer = undefined;
    const understood = command !== undefined && bytes.length === 2 && this.#execute(command, now);
    if (understood) this.#status &= ~sht31Status.commandFailed;
    else this.#status |= sht31Status.commandFailed;
    return true;
  }

  #execute(command: number, now: number): boolean {
    const duration = measurementMs.get(command);
    if (duration !== undefined) {
      this.measure(this.#status & sht31Status.heaterOn ? heaterRise : 0);
      this.busyUntil = now + duration;
      return true;
    }
    switch (command) {
      case commands.break:
        this.busyUntil = now;
        return true;
      case commands.softReset:
        this.#status = afterReset;
        this.busyUntil = now + softResetMs;
        return true;
      case commands.heaterOn:
        this.#status |= sht31Status.heaterOn;
        return true;
      case commands.heaterOff:
        this.#status &= ~sht31Status.heaterOn;
        return true;
      case commands.readStatus:
        this.answer = Uint8Array.from(word(this.#status));
        return true;
      case commands.clearStatus:
        this.#status &= ~clearable;
        return true;
      default:
        return false;
    }
  }

  /** RH = 100·S/(2¹⁶−1) (4.13). */
  protected humidityShare(humidity: RelativeHumidityPercent): number {
    return humidity / 100;
  }
}
