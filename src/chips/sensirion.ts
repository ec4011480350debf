/**
 * The common part of Sensirion's temperature and humidity sensors: words with a checksum, and transfers that may fail.
 *
 * Guarantee: nothing here rejects or hangs: each measurement settles within a bounded time, and failures are values. A
 * word is returned only with a valid checksum: an empty, short or corrupted answer is "bad-crc", never a number.
 */
import type { Clock } from "../base/clock.ts";
import {
  type Celsius,
  celsius,
  type Millis,
  millis,
  minutes,
  type RelativeHumidityPercent,
} from "../base/units.ts";
import type { SensorChip, SensorFailure, SensorReading } from "../control/input.ts";
import { BusError, type BusErrorCode, type I2cBus } from "./bus.ts";

export type Repeatability = "high" | "medium" | "low";

export interface Sample {
  readonly temperature: Celsius;
  readonly humidity: RelativeHumidityPercent;
  /** The words as sent, 0 to 65535. */
  readonly raw: { readonly temperature: number; readonly humidity: number };
}

/**
 * SHT3x table 2, SHT4x section 2.2: the specified range. A defective element gives the ends of the scale, -45 and 130 °C.
 * The noise, 0.04 °C at 0.003 °C a digit, changes the last bits at every reading.
 */
export const shtChip: SensorChip = {
  lowest: celsius(-40),
  highest: celsius(125),
  frozenAfter: minutes(30),
};

/** SHT3x section 4.13, SHT4x section 4.6: the same for both. */
export const shtTemperature = (word: number): Celsius => celsius(-45 + (175 * word) / 65535);

const polynomial = 0x31;

const table = Uint8Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? (crc << 1) ^ polynomial : crc << 1;
  return crc;
});

/**
 * The checksum after every 16-bit word (SHT3x datasheet v5, section 4.12; SHT4x, 4.4): CRC-8, polynomial 0x31
 * (x⁸ + x⁵ + x⁴ + 1), start value 0xFF, nothing reflected, nothing inverted at the end.
 *
 * @returns the checksum, 0 to 255, of `bytes` from `start` up to, not including, `end`.
 */
export function crc8(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0xff;
  for (const byte of bytes.subarray(start, end)) crc = table[crc ^ byte] ?? 0;
  return crc;
}

/** @returns the word at `offset`; `undefined` when its checksum, the byte after it, is bad or missing */
export function checkedWord(bytes: Uint8Array, offset: number): number | undefined {
  const [high, low, checksum] = bytes.subarray(offset, offset + 3);
  if (high === undefined || low === undefined || checksum === undefined) return undefined;
  return crc8(bytes, offset, offset + 2) === checksum ? (high << 8) | low : undefined;
}

/** SHT3x section 4.1: at least 1 ms between commands, plus 1 ms for early timers. */
export const commandGap = millis(2);
/** Safety net for a bus that does not settle. */
const transferLimit = millis(500);
/** Tries of one transfer sequence within one call. */
const attempts = 3;
/** Failed measurements in a row after which the sensor is prepared again before the next one. */
const failuresBeforeReset = 3;
/** Acknowledged but failed measurements in a row after which a chip that was never recognized counts as another kind. */
const failuresBeforeWrongChip = 3;

/** How one chip measures. */
export interface Measurement {
  readonly chip: SensorChip;
  readonly sample: () => Promise<Sample | SensorFailure>;
  /** Called after failures in a row: the state of the sensor is unknown. */
  readonly onFailures: () => void;
}

/** One sensor on the bus: serializes and retries its transfers, and classifies failures. */
export class SensorPort {
  readonly address: number;
  readonly #bus: I2cBus;
  readonly #clock: Clock;
  /** The last command of the queue; the next one waits for it. Never rejects. */
  #tail: Promise<unknown> = Promise.resolve();
  #measuring: Promise<SensorReading> | undefined;
  #quietUntil: Millis;
  #failures = 0;
  /** It was recognized since it was last absent: further failures are disturbances. */
  #recognized = false;
  /** A command of the current measurement was acknowledged. */
  #acknowledged = false;
  /** Acknowledged but failed measurements in a row. */
  #invalidAnswers = 0;

  constructor(bus: I2cBus, clock: Clock, address: number) {
    this.#bus = bus;
    this.#clock = clock;
    this.address = address;
    this.#quietUntil = clock.now();
  }

  /** One reading. A call during a measurement shares that measurement. */
  measure(measurement: Measurement): Promise<SensorReading> {
    this.#measuring ??= this.inTurn(() => this.#measure(measurement)).finally(() => {
      this.#measuring = undefined;
    });
    return this.#measuring;
  }

  /** Call this when an answer has identified the kind of chip. */
  recognize(): void {
    this.#recognized = true;
  }

  /** Runs `sequence` until it succeeds, fails in a way that another try cannot fix, or the tries are used up. */
  async attempt<T>(sequence: () => Promise<T | SensorFailure>): Promise<T | SensorFailure> {
    for (let attempt = 1; ; attempt++) {
      const { result, again } = await sequence().then(
        (value) => ({ result: value, again: value === "bad-crc" }),
        (error: unknown) => ({
          result: failureOf(error),
          again: error instanceof BusError && error.transient,
        }),
      );
      if (!again || attempt === attempts) return result;
    }
  }

  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => {});
    return result;
  }

  /** @throws BusError (as a rejection) */
  async command(bytes: Uint8Array): Promise<void> {
    const wait = this.#quietUntil - this.#clock.now();
    if (wait > 0) await this.#clock.sleep(millis(wait));
    try {
      await this.#bounded(this.#bus.write(this.address, bytes));
      this.#acknowledged = true;
    } finally {
      this.#quietUntil = millis(this.#clock.now() + commandGap);
    }
  }

  /** @throws BusError (as a rejection) */
  async read(length: number): Promise<Uint8Array> {
    try {
      return await this.#bounded(this.#bus.read(this.address, length));
    } finally {
      this.#quietUntil = millis(this.#clock.now() + commandGap);
    }
  }

  async #measure({ chip, sample, onFailures: forget }: Measurement): Promise<SensorReading> {
    this.#acknowledged = false;
    const result = await sample();
    const atMs = this.#clock.now();
    if (typeof result !== "string") {
      this.#failures = 0;
      this.#invalidAnswers = 0;
      this.#recognized = true;
      return { kind: "ok", ...result, chip, atMs };
    }
    this.#failures++;
    if (this.#failures % failuresBeforeReset === 0) forget();
    return { kind: "failed", reason: this.#classify(result), atMs };
  }

  /** A sensor that was recognized before is disturbed; otherwise it may be another chip. */
  #classify(reason: SensorFailure): SensorFailure {
    const isInvalid = this.#acknowledged && (reason === "nack" || reason === "bad-crc");
    if (!isInvalid) {
      this.#invalidAnswers = 0;
      // Unplugged: the next chip may be of another kind.
      if (reason === "nack") this.#recognized = false;
      return reason;
    }
    this.#invalidAnswers++;
    return !this.#recognized && this.#invalidAnswers >= failuresBeforeWrongChip ? "wrong-chip" : reason;
  }

  #bounded<T>(transfer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.setTimer(transferLimit, () =>
        reject(new BusError("timeout", `no answer from the I²C bus within ${transferLimit} ms`)),
      );
      void transfer.then(resolve, reject).finally(cancel);
    });
  }
}

const failures: Record<BusErrorCode, SensorFailure> = {
  nack: "nack",
  timeout: "timeout",
  absent: "absent",
  "no-driver": "absent",
  io: "bus",
  busy: "bus",
  denied: "bus",
};

function failureOf(error: unknown): SensorFailure {
  return error instanceof BusError ? failures[error.code] : "bus";
}
