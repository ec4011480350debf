/**
 * Faults: stable codes and one exhaustive table that says what each of them does.
 *
 * Guarantee: every code stands in the table (the compiler sees to it), and nothing but the table decides
 * whether a fault forbids heat or stays until a person clears it.
 */
export type FaultCode =
  | "sensor-stale"
  | "sensor-stuck"
  | "over-temperature"
  | "heating-ineffective"
  | "relay-stuck-on"
  | "relay-mismatch"
  | "display-failed"
  | "buttons-failed"
  | "storage-failed"
  | "cloud-failed"
  | "state-lost";

export interface FaultEffect {
  /** The rule that it enforces. */
  readonly rule: `SR-${string}`;
  /** The heater is commanded OFF while it stands. */
  readonly heaterOff: boolean;
  /** Stays, also over a restart, until a person clears it. */
  readonly latched: boolean;
  /** For the screen, at most 16 characters. */
  readonly short: string;
  /** For the log: what happened and what to do. */
  readonly remedy: string;
}
