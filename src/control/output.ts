/** What comes out of `step`. Outputs are levels, not edges: asserting them twice changes nothing. */

import type { Celsius, Kelvin } from "../base/units.ts";
import type { FaultCode } from "../model/faults.ts";
import type { ButtonName, ChangeSource, ControlMode, Request } from "./input.ts";
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
  | {
      readonly kind: "target";
      readonly from: Celsius;
      readonly to: Celsius;
      readonly source: ChangeSource;
      /** What a button that does not come back did is undone (SR-13). */
      readonly because?: "stuck-button";
      readonly button?: ButtonName;
    }
  | { readonly kind: "mode"; readonly mode: ControlMode; readonly source: ChangeSource }
  | { readonly kind: "heater-switch"; readonly on: boolean; readonly source: ChangeSource }
  | {
      readonly kind: "sensor-offset";
      readonly from: Kelvin;
      readonly to: Kelvin;
      readonly source: ChangeSource;
    }
  | {
      readonly kind: "telemetry-interval";
      readonly from: number;
      /** Seconds. */
      readonly to: number;
      readonly source: ChangeSource;
    }
  | { readonly kind: "boost"; readonly minutes: number; readonly source: ChangeSource }
  | { readonly kind: "boost-ended"; readonly because: BoostEnd }
  | { readonly kind: "identify"; readonly seconds: number; readonly source: ChangeSource }
  | { readonly kind: "fault-raised"; readonly fault: FaultCode; readonly detail: string }
  /** It stands already, and for another reason now. */
  | { readonly kind: "fault-reason"; readonly fault: FaultCode; readonly detail: string }
  | { readonly kind: "fault-ended"; readonly fault: FaultCode }
  | { readonly kind: "refused"; readonly request: Request["kind"]; readonly reason: string };

export type BoostEnd = "time" | "request" | "press" | "set-point" | "mode";
