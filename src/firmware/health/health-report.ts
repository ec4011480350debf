/**
 * The health that is reported: sparingly, for each report is a message, and a write of the local hub.
 *
 * Guarantee: values stay as they are for an hour, unless one changes that a person should hear of: the supply is too
 * weak, the processor hot, disk or memory nearly full. What is asked once a minute is read once a minute.
 */
import type { Clock } from "../../base/clock.ts";
import { hours, minutes } from "../../base/units.ts";
import type { ControlState } from "../../control/state.ts";
import { type HealthSources, type MachineHealth, machineHealth } from "./machine-health.ts";

export interface HealthValues extends MachineHealth {
  readonly relayCycles: number;
  readonly heaterHours: number;
  /** Percent of the setting. */
  readonly relayLife: number | null;
  /** Percent; `null` until there is an hour to look back on. */
  readonly heaterDuty: number | null;
}

type Counters = ControlState["counters"];

export interface HealthReportOptions {
  readonly clock: Clock;
  readonly counters: () => Counters;
  /** Without them the machine tells nothing. */
  readonly sources?: HealthSources | undefined;
  /** Cycles; 0 or less where it is unknown. */
  readonly relayLife: number;
}

const every = hours(1);
const lookEvery = minutes(1);
const hot = 80;
/** KiB. */
const littleStorage = 64 * 1024;
const littleMemory = 24 * 1024;

const nothing: HealthSources = { read: () => undefined, freeBytes: () => undefined };

export class HealthReport {
  readonly #options: HealthReportOptions;
  #values: HealthValues;
  #saidAt: number;
  #lookedAt: number;
  #since: { readonly atMs: number; readonly heaterSeconds: number };

  constructor(options: HealthReportOptions) {
    this.#options = options;
    const now = options.clock.now();
    this.#saidAt = now;
    this.#lookedAt = now;
    this.#since = { atMs: now, heaterSeconds: options.counters().heaterSeconds };
    this.#values = this.#read(null);
  }

  /** As they are to be reported now. */
  get values(): HealthValues {
    return this.#values;
  }

  /** @returns whether `values` are others now */
  look(): boolean {
    const { clock, counters } = this.#options;
    const now = clock.now();
    if (now - this.#lookedAt < lookEvery) return false;
    this.#lookedAt = now;
    const isDue = now - this.#saidAt >= every;
    const duty = isDue ? this.#duty(now, counters()) : this.#values.heaterDuty;
    const values = this.#read(duty);
    if (!isDue && alarms(values) === alarms(this.#values)) return false;
    this.#values = values;
    this.#saidAt = now;
    return true;
  }

  /** The counters go along with whatever else is reported. */
  refreshCounters(): void {
    this.#values = { ...this.#values, ...this.#counted() };
  }

  #duty(now: number, { heaterSeconds }: Counters): number {
    const { atMs, heaterSeconds: before } = this.#since;
    this.#since = { atMs: now, heaterSeconds };
    return Math.min(100, Math.round(((heaterSeconds - before) * 100_000) / Math.max(1, now - atMs)));
  }

  #read(heaterDuty: number | null): HealthValues {
    return { ...machineHealth(this.#options.sources ?? nothing), ...this.#counted(), heaterDuty };
  }

  #counted(): Pick<HealthValues, "relayCycles" | "heaterHours" | "relayLife"> {
    const { counters, relayLife } = this.#options;
    const { relayCycles, heaterSeconds } = counters();
    return {
      relayCycles,
      // To the tenth: none of the digits behind it is worth a message.
      heaterHours: Math.floor(heaterSeconds / 360) / 10,
      relayLife: relayLife > 0 ? Math.round((relayCycles * 1000) / relayLife) / 10 : null,
    };
  }
}

/** What of it a person should hear of before the hour is over. */
const alarms = ({ underVoltage, processorTemperature, freeStorage, freeMemory }: HealthValues): string =>
  JSON.stringify([
    underVoltage,
    processorTemperature !== null && processorTemperature >= hot,
    freeStorage !== null && freeStorage < littleStorage,
    freeMemory !== null && freeMemory < littleMemory,
  ]);
