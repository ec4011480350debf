/** One step as a face is told of it; what telemetry is made of. */
import type { FaultCode } from "../model/faults.ts";
import type { Commands, ControlEvent } from "./output.ts";

export interface Look {
  /** °C, offset included; `undefined` while no reading is credible. */
  readonly temperature: number | undefined;
  /** %; likewise. */
  readonly humidity: number | undefined;
  /** °C, in force. */
  readonly setPoint: number;
  /** 0 to 100 %. */
  readonly heatingDemand: number;
  readonly heaterOn: boolean;
  readonly automatic: boolean;
  /** Faults that came, and that went, since the last look. */
  readonly raised: readonly FaultCode[];
  readonly ended: readonly FaultCode[];
}

export const lookAt = ({ screen, heater }: Commands, events: readonly ControlEvent[]): Look => ({
  temperature: screen.temperature,
  humidity: screen.humidity,
  setPoint: screen.target,
  heatingDemand: screen.demand,
  heaterOn: heater,
  automatic: screen.mode === "auto",
  raised: events.flatMap((event) => (event.kind === "fault-raised" ? [event.fault] : [])),
  ended: events.flatMap((event) => (event.kind === "fault-ended" ? [event.fault] : [])),
});
