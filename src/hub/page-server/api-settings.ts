/** Settings and simulated faults of a device on the server's machine: a part of the protocol in api.ts. */
import type { Json } from "../../base/json/value.ts";

/** The settings of a device on this machine. */
export interface SettingsView {
  /** Those in force that are not the default, by their keys. */
  readonly changed: Readonly<Record<string, Json>>;
  /** Why they cannot be changed here; absent: those that need no start can. */
  readonly fixed?: string | undefined;
}

export interface SettingsEdit {
  /** `null`: the default. */
  readonly changes: Readonly<Record<string, Json>>;
}

export interface SimulatedFault {
  readonly name: string;
  /** What the hardware does then. */
  readonly doc: string;
  readonly active: boolean;
}

/** Begins or ends a simulated fault of a virtual hat; refused in a sealed unit. */
export interface FaultSimulation {
  readonly fault: string;
  readonly active: boolean;
}
