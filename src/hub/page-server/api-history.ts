/** What a device did, as the page receives it: a part of the protocol in api.ts. */

/**
 * Stored telemetry: one series by name, oldest first. Switches are 0 and 1, and between them where a point stands for a
 * longer time. Of the unit beside the hub it goes back as far as that has recorded, with fewer points the longer it is.
 */
export interface History {
  readonly nowMs: number;
  readonly series: Readonly<Record<string, HistorySeries>>;
}

export interface HistorySeries {
  readonly atMs: readonly number[];
  /** `null` begins a gap. */
  readonly values: readonly (number | null)[];
}

/** What is stored of one day of this machine. */
export interface DayRow {
  /** Its start. */
  readonly atMs: number;
  /** Time that was recorded. */
  readonly seconds: number;
  readonly heaterSeconds: number;
  /** `null` without the setting heaterPower. */
  readonly kWh: number | null;
  /** °C, mean; `null` without a reading. */
  readonly temperature: number | null;
}

/** An event of the device's log. */
export interface LogLine {
  readonly atMs: number;
  readonly level: string;
  readonly event: string;
  /** Its fields. */
  readonly text: string;
}
