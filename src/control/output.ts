/** What comes out of `step`. Outputs are levels, not edges: asserting them twice changes nothing. */

import type { FaultCode } from "../model/faults.ts";
import type { ControlValue, WritableName } from "../model/properties.ts";
import type { Source } from "../model/sources.ts";
import type { ButtonName, Request } from "./input.ts";
import type { ScreenModel } from "./panel/screen.ts";

/** The outputs wanted now. */
export interface Commands {
  readonly heater: boolean;
  readonly modeLed: boolean;
  readonly statusLed: boolean;
  readonly screen: ScreenModel;
}

/** Something worth a log line, a telemetry event or a write of the state. */
export type ControlEvent =
  | { readonly kind: "heater"; readonly on: boolean; readonly reason: string }
  | ChangedEvent
  | { readonly kind: "boost"; readonly minutes: number; readonly source: Source }
  | { readonly kind: "boost-ended"; readonly because: BoostEnd }
  | { readonly kind: "identify"; readonly seconds: number; readonly source: Source }
  | { readonly kind: "fault-raised"; readonly fault: FaultCode; readonly detail: string }
  /** It stands already, and for another reason now. */
  | { readonly kind: "fault-reason"; readonly fault: FaultCode; readonly detail: string }
  | { readonly kind: "fault-ended"; readonly fault: FaultCode }
  | {
      readonly kind: "refused";
      readonly request: Request["kind"];
      /** Of the property that was to be set. */
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
  /** What a button that does not come back did is undone (SR-13). */
  readonly because?: "stuck-button";
  readonly button?: ButtonName;
}

export type BoostEnd = "time" | "request" | "press" | "set-point" | "mode";
