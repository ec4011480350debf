/** The output of `step`. Outputs are levels, not edges: asserting them twice changes nothing. */

import type { Celsius } from "../base/units.ts";
import type { FaultCode } from "../model/faults.ts";
import type { ControlValue, SetPointSource, WritableName } from "../model/properties.ts";
import type { Source } from "../model/sources.ts";
import type { ButtonName, Request } from "./input.ts";
import type { ScreenModel } from "./panel/screen.ts";

/** The desired outputs. */
export interface Commands {
  readonly heater: boolean;
  readonly modeLed: boolean;
  readonly statusLed: boolean;
  readonly screen: ScreenModel;
}

/** An event for the log, telemetry or storage. */
export type ControlEvent =
  | { readonly kind: "heater"; readonly on: boolean; readonly reason: string }
  | ChangedEvent
  | { readonly kind: "boost"; readonly minutes: number; readonly source: Source }
  | { readonly kind: "boost-ended"; readonly because: BoostEnd }
  /** The set-point in force, or what decides it, has changed. */
  | { readonly kind: "set-point"; readonly from: SetPointSource; readonly target: Celsius }
  | { readonly kind: "identify"; readonly seconds: number; readonly source: Source }
  | { readonly kind: "fault-raised"; readonly fault: FaultCode; readonly detail: string }
  /** The reason of an active fault has changed. */
  | { readonly kind: "fault-reason"; readonly fault: FaultCode; readonly detail: string }
  | { readonly kind: "fault-ended"; readonly fault: FaultCode }
  | {
      readonly kind: "refused";
      readonly request: Request["kind"];
      /** The property of a `set` request. */
      readonly name?: WritableName;
      readonly reason: string;
    };

/** A writable property has a new value. */
export interface ChangedEvent {
  readonly kind: "changed";
  readonly name: WritableName;
  readonly from: ControlValue;
  readonly to: ControlValue;
  readonly source: Source;
  /** The change of a stuck button is undone (SR-13). */
  readonly because?: "stuck-button";
  readonly button?: ButtonName;
}

export type BoostEnd = "time" | "request" | "press" | "set-point" | "mode";
