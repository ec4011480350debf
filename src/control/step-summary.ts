/** The result of a step for the faces: the source of telemetry. */
import type { FaultCode } from "../model/faults.ts";
import type { Commands, ControlEvent } from "./output.ts";

export interface StepSummary {
  /** °C, with the offset; `undefined` without a credible reading. */
  readonly temperature: number | undefined;
  /** %; likewise. */
  readonly humidity: number | undefined;
  /** °C, in force. */
  readonly setPoint: number;
  /** 0 to 100 %. */
  readonly heatingDemand: number;
  readonly heaterOn: boolean;
  readonly automatic: boolean;
  /** Faults that were raised or have ended in this step. */
  readonly raised: readonly FaultCode[];
  readonly ended: readonly FaultCode[];
}

export const summaryOf = ({ screen, heater }: Commands, events: readonly ControlEvent[]): StepSummary => ({
  temperature: screen.temperature,
  humidity: screen.humidity,
  setPoint: screen.target,
  heatingDemand: screen.demand,
  heaterOn: heater,
  automatic: screen.mode === "auto",
  raised: events.flatMap((event) => (event.kind === "fault-raised" ? [event.fault] : [])),
  ended: events.flatMap((event) => (event.kind === "fault-ended" ? [event.fault] : [])),
});
