/**
 * Folder chips/: models of the chips, as strict as their datasheets.
 *
 * The common part of the models of Sensirion's sensors: surrounding air, defects, words and answers on the bus.
 */
import type { Celsius, RelativeHumidityPercent } from "../../base/units.ts";
import type { BusDevice } from "../virtual-hat/virtual-bus.ts";

/** The air around the sensor. Called once at the start of each measurement. */
export interface Air {
  measureTemperature(): Celsius;
  humidity(): RelativeHumidityPercent;
}

export type SensorDefect =
  | "none"
  /** Repeats the same bits, with a valid CRC. */
  | "stuck"
  /** Acknowledges commands but never answers. */
  | "silent";

export interface SensorModel extends BusDevice {
  /** A defect of the chip, until it is set to "none" again. */
  defect: SensorDefect;
  /** Measurements begun since power-up. */
  readonly measurements: number;
  /** Power-on reset. */
  powerUp(): void;
}

/** @returns `share` of the 16-bit scale, clamped */
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
 * CRC-8, polynomial 0x31, start 0xFF (SHT3x 4.12, SHT4x 4.4). Independent of the driver's implementation on purpose, to
 * detect a mistake in either.
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

/** @returns `length` bytes of an answer; beyond its end the released line reads as ones */
export const bytesRead = (answer: Uint8Array, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => answer[index] ?? 0xff);
