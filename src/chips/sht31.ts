/**
 * Driver of an SHT31 temperature and humidity sensor.
 *
 * Guarantee: nothing here ever rejects or hangs: each call settles within a bounded time, failures are values,
 * and after any number of failures of any kind the next call starts from a clean sensor again. A reading is "ok"
 * only when both of its words had a good checksum and the sensor's own heater was off. The status is read with every
 * reading, since another program, or a disturbance that looks like a command, can change it at any time.
 */
import type { Clock } from "../base/clock.ts";
import { type Millis, millis, seconds } from "../base/units.ts";
import type { SensorFailure, SensorReading } from "../control/input.ts";
import type { BusErrorCode, I2cBus } from "./bus.ts";
import { BusError } from "./bus.ts";
import type { Repeatability, Sht31Sample, Sht31Status } from "./sht31-codec.ts";
import {
  decodeMeasurement,
  decodeStatus,
  encodeCommand,
  resemblesStatusAfterReset,
  sht31Command,
  sht31Measurement,
  sht31Range,
} from "./sht31-codec.ts";

/** At least 1 ms between commands (section 4.1), and one for a timer that fires a little early. */
const commandGap = millis(2);
/** A soft reset takes 1.5 ms at the most (table 4). */
const resetTime = millis(3);
const timerGrain = millis(1);
/** The bus promises to settle; a bus that breaks its promise must not take the sensor with it. */
const transferLimit = millis(500);
/** Tries of one transfer sequence within one call. */
const attempts = 3;
/** Failed measurements in a row after which the sensor is reset before the next one. */
const failuresBeforeReset = 3;
/** Failed measurements in a row, each acknowledged, after which somebody who never answered well is no SHT31. */
const failuresBeforeWrongChip = 3;
/** From heater off until the readings are the room's again: the time constant is "> 2 s" (table 2), here 10 of them. */
const coolingTime = seconds(20);

export interface Sht31Options {
  /** 7-bit; ADDR low is 0x44, the default. */
  readonly address?: 0x44 | 0x45;
  /** Default "high": 15 ms a conversion, the least noise. */
  readonly repeatability?: Repeatability;
}

export type StatusReading =
  | ({ readonly kind: "ok" } & Sht31Status)
  | { readonly kind: "failed"; readonly reason: SensorFailure };
export type CommandOutcome = "done" | SensorFailure;

export class Sht31 {
  readonly address: 0x44 | 0x45;
  readonly #bus: I2cBus;
  readonly #clock: Clock;
  readonly #repeatability: Repeatability;
  /** Commands go one after the other; each waits for this. Never rejects. */
  #tail: Promise<unknown> = Promise.resolve();
  #measuring: Promise<SensorReading> | undefined;
  #quietUntil: Millis;
  /** Not "unknown": it was idle with its heater off. "watched": its status was cleared since, so a reset shows. */
  #state: "unknown" | "prepared" | "watched" = "unknown";
  #failures = 0;
  /** It answered as an SHT31 does since it was last seen absent: what goes wrong now is a disturbance. */
  #proven = false;
  /** A command of the present measurement was acknowledged. */
  #acknowledged = false;
  /** Measurements in a row that were acknowledged and came to nothing. */
  #strangeAnswers = 0;
  #heaterSeen = false;
  #warmUntil: Millis;

  constructor(bus: I2cBus, clock: Clock, options: Sht31Options = {}) {
    this.#bus = bus;
    this.#clock = clock;
    this.address = options.address ?? 0x44;
    this.#repeatability = options.repeatability ?? "high";
    this.#quietUntil = clock.now();
    this.#warmUntil = clock.now();
  }

  /** One reading. A call during a measurement shares that measurement. Above 10 a second the sensor heats itself. */
  measure(repeatability: Repeatability = this.#repeatability): Promise<SensorReading> {
    this.#measuring ??= this.#inTurn(() => this.#measure(repeatability)).finally(() => {
      this.#measuring = undefined;
    });
    return this.#measuring;
  }

  status(): Promise<StatusReading> {
    return this.#inTurn(async () => {
      const status = await this.#attempt(() => this.#readStatus());
      return typeof status === "string" ? { kind: "failed", reason: status } : { kind: "ok", ...status };
    });
  }

  softReset(): Promise<CommandOutcome> {
    return this.#inTurn(() => this.#attempt(() => this.#reset()));
  }

  clearStatus(): Promise<CommandOutcome> {
    return this.#inTurn(() =>
      this.#attempt(async () => {
        await this.#command(sht31Command.clearStatus);
        return "done" as const;
      }),
    );
  }

  async #measure(repeatability: Repeatability): Promise<SensorReading> {
    this.#acknowledged = false;
    const result = await this.#checkedSample(repeatability);
    const atMs = this.#clock.now();
    if (typeof result !== "string") {
      this.#failures = 0;
      this.#strangeAnswers = 0;
      this.#proven = true;
      return { kind: "ok", ...result, range: sht31Range, atMs };
    }
    this.#failures++;
    if (this.#failures % failuresBeforeReset === 0) this.#state = "unknown";
    return { kind: "failed", reason: this.#nameFailure(result), atMs };
  }

  async #checkedSample(repeatability: Repeatability): Promise<Sht31Sample | SensorFailure> {
    if (this.#state === "unknown") {
      const outcome = await this.#attempt(() => this.#prepare());
      if (outcome !== "done") return outcome;
      this.#state = "prepared";
      // Its status was read this instant: the first reading, which decides about heat, need not wait for another.
      return this.#unlessWarm(await this.#attempt(() => this.#sample(repeatability)));
    }
    const sample = await this.#attempt(async () => {
      if (this.#state === "prepared") await this.#command(sht31Command.clearStatus);
      this.#state = "watched";
      return this.#sample(repeatability);
    });
    if (typeof sample === "string") return sample;
    const status = await this.#attempt(() => this.#readStatus());
    if (typeof status === "string") return status;
    // After a reset nobody knows what else the dip of its supply did.
    if (status.heaterOn || status.resetDetected) this.#state = "unknown";
    this.#heaterSeen ||= status.heaterOn;
    return status.heaterOn ? "heater-on" : this.#unlessWarm(sample);
  }

  /** Another program may have left a periodic measurement running, or the heater on, which reads warm. */
  async #prepare(): Promise<CommandOutcome> {
    await this.#command(sht31Command.stop);
    await this.#reset();
    await this.#askStatus();
    const bytes = await this.#read(3);
    if (resemblesStatusAfterReset(bytes)) this.#proven = true;
    const status = decodeStatus(bytes);
    if (status === "bad-crc") return status;
    if (status.heaterOn) return "heater-on";
    if (this.#heaterSeen) this.#warmUntil = millis(this.#clock.now() + coolingTime);
    this.#heaterSeen = false;
    return "done";
  }

  #unlessWarm(sample: Sht31Sample | SensorFailure): Sht31Sample | SensorFailure {
    return typeof sample !== "string" && this.#clock.now() < this.#warmUntil ? "heater-on" : sample;
  }

  /** A disturbed sensor is told from another chip by what it said before. */
  #nameFailure(reason: SensorFailure): SensorFailure {
    const strange = this.#acknowledged && (reason === "nack" || reason === "bad-crc");
    if (!strange) {
      this.#strangeAnswers = 0;
      // Unplugged: what is plugged in next may be anything.
      if (reason === "nack") this.#proven = false;
      return reason;
    }
    this.#strangeAnswers++;
    return !this.#proven && this.#strangeAnswers >= failuresBeforeWrongChip ? "wrong-chip" : reason;
  }

  async #reset(): Promise<"done"> {
    await this.#command(sht31Command.softReset);
    await this.#clock.sleep(resetTime);
    return "done";
  }

  async #sample(repeatability: Repeatability): Promise<Sht31Sample | "bad-crc"> {
    const { command, conversion } = sht31Measurement[repeatability];
    await this.#command(command);
    await this.#clock.sleep(millis(conversion + timerGrain));
    return decodeMeasurement(await this.#read(6));
  }

  async #readStatus(): Promise<Sht31Status | "bad-crc"> {
    await this.#askStatus();
    return decodeStatus(await this.#read(3));
  }

  async #askStatus(): Promise<void> {
    await this.#command(sht31Command.readStatus);
    await this.#clock.sleep(commandGap);
  }

  async #command(command: number): Promise<void> {
    const wait = this.#quietUntil - this.#clock.now();
    if (wait > 0) await this.#clock.sleep(millis(wait));
    try {
      await this.#bounded(this.#bus.write(this.address, encodeCommand(command)));
      this.#acknowledged = true;
    } finally {
      this.#quietUntil = millis(this.#clock.now() + commandGap);
    }
  }

  async #read(length: number): Promise<Uint8Array> {
    try {
      return await this.#bounded(this.#bus.read(this.address, length));
    } finally {
      this.#quietUntil = millis(this.#clock.now() + commandGap);
    }
  }

  /** Runs `sequence` until it succeeds, fails in a way that another try cannot fix, or the tries are used up. */
  async #attempt<T>(sequence: () => Promise<T | SensorFailure>): Promise<T | SensorFailure> {
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

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => {});
    return result;
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
