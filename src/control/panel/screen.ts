/** The content of the screen as values; the board formats and draws it for its display. */

import type { Celsius, DutyPercent, RelativeHumidityPercent } from "../../base/units.ts";
import type { FaultCode } from "../../model/faults.ts";
import type { ControlMode, LinkState, UpdateProgress } from "../input.ts";

export interface ScreenModel {
  /** `undefined` while there is no valid reading. */
  readonly temperature: Celsius | undefined;
  readonly humidity: RelativeHumidityPercent | undefined;
  readonly target: Celsius;
  /** For display only; the core works in Celsius. */
  readonly unit: "C" | "F";
  readonly mode: ControlMode;
  /** The relay as commanded. */
  readonly heating: boolean;
  /** Demand of the heating law. */
  readonly demand: DutyPercent;
  readonly firmware: string;
  readonly link: LinkState;
  /** An update that is under way. */
  readonly update?: UpdateProgress | undefined;
  /** The most severe active fault. */
  readonly fault: FaultCode | undefined;
  readonly faultCount: number;
  /** No button was pressed for a while. */
  readonly dimmed: boolean;
}
