/**
 * The protocol of an SHT31 as pure functions (Sensirion SHT3x-DIS datasheet v5, section 4).
 *
 * Guarantee: a word is decoded only with a valid checksum: an empty, short or corrupted answer is "bad-crc", never a
 * number.
 */

import { millis, relativeHumidity } from "../base/units.ts";
import { checkedWord, type Repeatability, type Sample, shtTemperature } from "./sensirion.ts";

/** 16-bit commands, sent high byte first. Single shot without clock stretching only: Broadcom's controller breaks it. */
export const sht31Command = {
  measureHigh: 0x2400,
  measureMedium: 0x240b,
  measureLow: 0x2416,
  /** Ends a periodic measurement that another program may have started (section 4.8). */
  stop: 0x3093,
  /** Back to the state after power-on, heater off (section 4.9). */
  softReset: 0x30a2,
  readStatus: 0xf32d,
  clearStatus: 0x3041,
} as const;

/** Command, and the longest time that the conversion takes (table 4), of each repeatability. */
export const sht31Measurement = {
  high: { command: sht31Command.measureHigh, conversion: millis(15) },
  medium: { command: sht31Command.measureMedium, conversion: millis(6) },
  low: { command: sht31Command.measureLow, conversion: millis(4) },
} as const satisfies Record<Repeatability, object>;

/** The status register, table 17. */
export interface Sht31Status {
  readonly word: number;
  /** The heater inside the sensor is on: the temperature reads several kelvin high. */
  readonly heaterOn: boolean;
  /** Reset by power, pin or command since the status was last cleared. */
  readonly resetDetected: boolean;
  /** The last command was refused. */
  readonly commandFailed: boolean;
  /** The last write had a bad checksum. */
  readonly writeCrcFailed: boolean;
}

/** @returns the two bytes to write for a 16-bit command. */
export function encodeCommand(command: number): Uint8Array {
  return Uint8Array.of((command >> 8) & 0xff, command & 0xff);
}

/** @param bytes word, word, each followed by its checksum: temperature, then humidity. */
export function decodeMeasurement(bytes: Uint8Array): Sample | "bad-crc" {
  const rawTemperature = checkedWord(bytes, 0);
  const rawHumidity = checkedWord(bytes, 3);
  if (rawTemperature === undefined || rawHumidity === undefined) return "bad-crc";
  return {
    // Section 4.13.
    temperature: shtTemperature(rawTemperature),
    humidity: relativeHumidity((100 * rawHumidity) / 65535),
    raw: { temperature: rawTemperature, humidity: rawHumidity },
  };
}

/** @param bytes the status word and its checksum. */
export function decodeStatus(bytes: Uint8Array): Sht31Status | "bad-crc" {
  const word = checkedWord(bytes, 0);
  if (word === undefined) return "bad-crc";
  const bit = (index: number) => (word & (1 << index)) !== 0;
  return {
    word,
    heaterOn: bit(13),
    resetDetected: bit(4),
    commandFailed: bit(1),
    writeCrcFailed: bit(0),
  };
}

/** Table 17: alert pending and reset detected, with the checksum. */
const statusAfterReset = [0x80, 0x10, 0xe1];
/** One wrong bit in 24 is common with a bad cable; another chip's answer differs in six (all zeros) to twelve. */
const maxFlippedBits = 4;

/** Whether `bytes` is the status of an SHT31 after a reset, apart from a few disturbed bits. */
export function resemblesStatusAfterReset(bytes: Uint8Array): boolean {
  const flipped = statusAfterReset.map((byte, index) => bitsSet(byte ^ (bytes[index] ?? 0)));
  return flipped.reduce((sum, bits) => sum + bits, 0) <= maxFlippedBits;
}

const bitsSet = (byte: number): number => [...byte.toString(2)].filter((digit) => digit === "1").length;
