/**
 * Folder chips/: each chip as it answers on the bus, as strict as its datasheet.
 *
 * What the models of Sensirion's sensors have in common: the air around them, their defects, their words on the bus.
 */
import type { Celsius, RelativeHumidityPercent } from "../../base/units.ts";
import type { BusDevice } from "../virtual-hat/virtual-bus.ts";

/** What surrounds the sensor. Called once per measurement, when it begins. */
export interface Air {
  measureTemperature(): Celsius;
  humidity(): RelativeHumidityPercent;
}

export type SensorDefect =
  | "none"
  /** Gives the same bits for ever, with a good CRC. */
  | "stuck"
  /** Acknowledges commands and never has an answer. */
  | "silent";

export interface SensorModel extends BusDevice {
  /** A defect of the chip, until it is set to "none" again. */
  defect: SensorDefect;
  /** Measurements begun since power-up. */
  readonly measurements: number;
  /** As after a power cut. */
  powerUp(): void;
}

/** @returns `share` of the 16-bit scale, cut at its ends */
export function fraction(share: number): number {
  return Math.round(Math.min(1, Math.max(0, share)) * 0xffff);
}

/** @returns the word as sent, with its checksum */
export function word(value: number): [number, number, number] {
  const high = value >> 8;
  const low = value & 0xff;
  return [high, low, checksum([high, low])];
}

/**
 * CRC-8, polynomial 0x31, start 0xFF (SHT3x 4.12, SHT4x 4.4). Written apart from the driver's on purpose: a mistake in
 * one of the two shows.
 */
export function checksum(bytes: readonly number[]): number {
  let crc = 0xff;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const carry = ((crc >> 7) ^ (byte >> bit)) & 1;
      crc = ((crc << 1) & 0xff) ^ (carry ? 0x31 : 0);
    }
  }
  return crc;
}
