/**
 * Driver of an SHT31 temperature and humidity sensor.
 *
 * Guarantee: nothing here rejects or hangs: each call settles within a bounded time, failures are values, and after
 * repeated failures the next call resets the sensor. A reading is "ok" only if both words have a valid checksum and the
 * sensor's own heater was off. The status is read with every reading, since another program or a disturbance can change
 * it at any time. Before the status has identified an SHT31, only break, reset and status are sent: 24h, the first byte
 * of a measurement, turns on the heater of an SHT4x at the same address.
 */
import type { Clock } from "../base/clock.ts";
import { type Millis, millis, seconds } from "../base/units.ts";
import type { SensorFailure, SensorReading } from "../control/input.ts";
import type { I2cBus } from "./bus.ts";
import { commandGap, type Repeatability, type Sample, SensorPort, shtChip } from "./sensirion.ts";
import type { Sht31Status } from "./sht31-codec.ts";
import {
  decodeMeasurement,
  decodeStatus,
  encodeCommand,
  resemblesStatusAfterReset,
  sht31Command,
  sht31Measurement,
} from "./sht31-codec.ts";

/** A soft reset takes 1.5 ms at the most (table 4). */
const resetTime = millis(3);
const timerGrain = millis(1);
/** From heater off until readings are valid again: ten times the time constant of "> 2 s" (table 2). */
const coolingTime = seconds(20);

export interface Sht31Options {
  /** 7-bit; ADDR low is 0x44, the default. */
  readonly address?: number;
  /** Default "high": 15 ms a conversion, the least noise. */
  readonly repeatability?: Repeatability;
}

export type StatusReading =
  | ({ readonly kind: "ok" } & Sht31Status)
  | { readonly kind: "failed"; readonly reason: SensorFailure };
export type CommandOutcome = "done" | SensorFailure;

export class Sht31 {
  readonly #port: SensorPort;
  readonly #clock: Clock;
  readonly #repeatability: Repeatability;
  /** "prepared": idle with its heater off. "watched": its status was cleared too, so that a reset is detected. */
  #state: "unknown" | "prepared" | "watched" = "unknown";
  #heaterSeen = false;
  #warmUntil: Millis;

  constructor(bus: I2cBus, clock: Clock, options: Sht31Options = {}) {
    this.#port = new SensorPort(bus, clock, options.address ?? 0x44);
    this.#clock = clock;
    this.#repeatability = options.repeatability ?? "high";
    this.#warmUntil = clock.now();
  }

  get address(): number {
    return this.#port.address;
  }

  /** One reading. A call during a measurement shares that measurement. Above 10 a second the sensor heats itself. */
  measure(repeatability: Repeatability = this.#repeatability): Promise<SensorReading> {
    return this.#port.measure({
      chip: shtChip,
      sample: () => this.#checkedSample(repeatability),
      onFailures: () => {
        this.#state = "unknown";
      },
    });
  }

  status(): Promise<StatusReading> {
    return this.#port.inTurn(async () => {
      const status = await this.#port.attempt(() => this.#readStatus());
      return typeof status === "string" ? { kind: "failed", reason: status } : { kind: "ok", ...status };
    });
  }

  softReset(): Promise<CommandOutcome> {
    return this.#port.inTurn(() => this.#port.attempt(() => this.#reset()));
  }

  clearStatus(): Promise<CommandOutcome> {
    return this.#port.inTurn(() =>
      this.#port.attempt(async () => {
        await this.#command(sht31Command.clearStatus);
        return "done" as const;
      }),
    );
  }

  async #checkedSample(repeatability: Repeatability): Promise<Sample | SensorFailure> {
    if (this.#state === "unknown") {
      const outcome = await this.#port.attempt(() => this.#prepare());
      if (outcome !== "done") return outcome;
      this.#state = "prepared";
      // The status was just read: the first reading need not wait for another.
      return this.#unlessWarm(await this.#port.attempt(() => this.#sample(repeatability)));
    }
    const sample = await this.#port.attempt(async () => {
      if (this.#state === "prepared") await this.#command(sht31Command.clearStatus);
      this.#state = "watched";
      return this.#sample(repeatability);
    });
    if (typeof sample === "string") return sample;
    const status = await this.#port.attempt(() => this.#readStatus());
    if (typeof status === "string") return status;
    // After a reset, caused by a supply dip, the rest of its state is unknown too.
    if (status.heaterOn || status.resetDetected) this.#state = "unknown";
    this.#heaterSeen ||= status.heaterOn;
    return status.heaterOn ? "heater-on" : this.#unlessWarm(sample);
  }

  /** Another program may have left a periodic measurement running, or the heater on. */
  async #prepare(): Promise<CommandOutcome> {
    await this.#command(sht31Command.stop);
    await this.#reset();
    await this.#askStatus();
    const bytes = await this.#port.read(3);
    if (resemblesStatusAfterReset(bytes)) this.#port.recognize();
    const status = decodeStatus(bytes);
    if (status === "bad-crc") return status;
    if (status.heaterOn) return "heater-on";
    if (this.#heaterSeen) this.#warmUntil = millis(this.#clock.now() + coolingTime);
    this.#heaterSeen = false;
    return "done";
  }

  #unlessWarm(sample: Sample | SensorFailure): Sample | SensorFailure {
    return typeof sample !== "string" && this.#clock.now() < this.#warmUntil ? "heater-on" : sample;
  }

  async #reset(): Promise<"done"> {
    await this.#command(sht31Command.softReset);
    await this.#clock.sleep(resetTime);
    return "done";
  }

  async #sample(repeatability: Repeatability): Promise<Sample | "bad-crc"> {
    const { command, conversion } = sht31Measurement[repeatability];
    await this.#command(command);
    await this.#clock.sleep(millis(conversion + timerGrain));
    return decodeMeasurement(await this.#port.read(6));
  }

  async #readStatus(): Promise<Sht31Status | "bad-crc"> {
    await this.#askStatus();
    return decodeStatus(await this.#port.read(3));
  }

  async #askStatus(): Promise<void> {
    await this.#command(sht31Command.readStatus);
    await this.#clock.sleep(commandGap);
  }

  #command(command: number): Promise<void> {
    return this.#port.command(encodeCommand(command));
  }
}
