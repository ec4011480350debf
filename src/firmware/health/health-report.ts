/**
 * The health values to report. They change rarely, because each report is a message, and a disk write of the
 * local hub.
 *
 * Guarantee: values change once an hour, and also at once when a person should be informed: the supply
 * voltage is too low, the processor is hot, disk or memory are nearly full. Sources are read at most once a
 * minute.
 */
import type { Clock } from "../../base/clock.ts";
import { hours, minutes } from "../../base/units.ts";
import type { ControlState } from "../../control/state.ts";
import { type HealthSources, type MachineHealth, machineHealth } from "./machine-health.ts";

export interface HealthValues extends MachineHealth {
  readonly relayCycles: number;
  readonly heaterHours: number;
  /** Percent of the expected number of cycles, which is a setting. */
  readonly relayLife: number | null;
  /** Percent of the last hour; `null` during the first hour. */
  readonly heaterDuty: number | null;
}

type Counters = ControlState["counters"];

export interface HealthReportOptions {
  readonly clock: Clock;
  readonly counters: () => Counters;
  /** `undefined`: no values of the machine are known. */
  readonly sources?: HealthSources | undefined;
  /** Expected number of cycles; 0 or less where it is unknown. */
  readonly relayLife: number;
}

const reportInterval = hours(1);
const readInterval = minutes(1);
/** °C. */
const hotProcessor = 80;
/** KiB. */
const lowStorage = 64 * 1024;
const lowMemory = 24 * 1024;

const noSources: HealthSources = { read: () => undefined, freeBytes: () => undefined };

export class HealthReport {
  readonly #options: HealthReportOptions;
  #values: HealthValues;
  #reportedAt: number;
  #readAt: number;
  #dutyStart: { readonly atMs: number; readonly heaterSeconds: number };

  constructor(options: HealthReportOptions) {
    this.#options = options;
    const now = options.clock.now();
    this.#reportedAt = now;
    this.#readAt = now;
    this.#dutyStart = { atMs: now, heaterSeconds: options.counters().heaterSeconds };
    this.#values = this.#read(null);
  }

  /** The values to report now. */
  get values(): HealthValues {
    return this.#values;
  }

  /** @returns whether `values` changed */
  refresh(): boolean {
    const { clock, counters } = this.#options;
    const now = clock.now();
    if (now - this.#readAt < readInterval) return false;
    this.#readAt = now;
    const isDue = now - this.#reportedAt >= reportInterval;
    const duty = isDue ? this.#duty(now, counters()) : this.#values.heaterDuty;
    const values = this.#read(duty);
    if (!isDue && alarms(values) === alarms(this.#values)) return false;
    this.#values = values;
    this.#reportedAt = now;
    return true;
  }

  /** Updates the counters alone, to send them together with another report. */
  refreshCounters(): void {
    this.#values = { ...this.#values, ...this.#counted() };
  }

  #duty(now: number, { heaterSeconds }: Counters): number {
    const { atMs, heaterSeconds: before } = this.#dutyStart;
    this.#dutyStart = { atMs: now, heaterSeconds };
    return Math.min(100, Math.round(((heaterSeconds - before) * 100_000) / Math.max(1, now - atMs)));
  }

  #read(heaterDuty: number | null): HealthValues {
    return { ...machineHealth(this.#options.sources ?? noSources), ...this.#counted(), heaterDuty };
  }

  #counted(): Pick<HealthValues, "relayCycles" | "heaterHours" | "relayLife"> {
    const { counters, relayLife } = this.#options;
    const { relayCycles, heaterSeconds } = counters();
    return {
      relayCycles,
      // One decimal: smaller changes are not worth a message.
      heaterHours: Math.floor(heaterSeconds / 360) / 10,
      relayLife: relayLife > 0 ? Math.round((relayCycles * 1000) / relayLife) / 10 : null,
    };
  }
}

/** The conditions that a person should be informed of at once. */
const alarms = ({ underVoltage, processorTemperature, freeStorage, freeMemory }: HealthValues): string =>
  JSON.stringify([
    underVoltage,
    processorTemperature !== null && processorTemperature >= hotProcessor,
    freeStorage !== null && freeStorage < lowStorage,
    freeMemory !== null && freeMemory < lowMemory,
  ]);
