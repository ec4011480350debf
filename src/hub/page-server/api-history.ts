/** What a device did, as the page receives it: a part of the protocol in api.ts. */

/**
 * Stored telemetry: one series by name, oldest first. Switches are 0 and 1, and values between them are
 * averages over a longer time. For the unit on the hub's machine it includes all that the unit has recorded,
 * with fewer points for a longer time.
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

/** A summary of one day, in this machine's time zone. */
export interface DayRow {
  /** Start of the day. */
  readonly atMs: number;
  /** Recorded time, in seconds. */
  readonly seconds: number;
  readonly heaterSeconds: number;
  /** `null` without the setting `heaterPower`. */
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
