/**
 * The device as its cloud half sees it: the running device itself (in virtual time, in the demo), or its picture in
 * another process.
 *
 * Guarantee: `inForce`, `counters`, `activeFaults` and `stored` belong to one moment; after a request was answered that
 * moment is not before it took effect.
 */
import type { TelemetryObservation } from "../../azure/telemetry.ts";
import type { Schema } from "../../base/schema/schema.ts";
import { list, object } from "../../base/schema/structures.ts";
import { boolean, orElse } from "../../base/schema/values.ts";
import type { LinkState, Request } from "../../control/input.ts";
import type { InForce } from "../../control/twin/in-force.ts";
import type { FaultCode } from "../../model/faults.ts";
import type { Device, Observation } from "../device.ts";
import { faultCode, large, quantity } from "../process/message-values.ts";
import { inForce } from "./in-force-message.ts";

export interface DeviceMoment {
  readonly inForce: InForce;
  readonly counters: Device["counters"];
  /** Faults that stand, most severe first. */
  readonly activeFaults: readonly FaultCode[];
  /** Nothing of this waits to be written, or the disk has failed and waiting is no use. */
  readonly stored: boolean;
}

export interface CloudDevice extends DeviceMoment {
  /** Told when `stored` comes true; one listener, which must not throw. */
  onStored(listener: () => void): void;
  /** All of them take effect in one step. @returns why one was refused, if one was */
  request(...requests: readonly Request[]): string | undefined | Promise<string | undefined>;
  setLink(link: LinkState): void;
  /** Why the cloud half does not work, while it does not. */
  setCloudFailure(cause: string | undefined): void;
}

export const momentOf = ({ inForce, counters, activeFaults, stored }: Device): DeviceMoment => ({
  inForce,
  counters,
  activeFaults,
  stored,
});

/** More fault events do not wait between two messages. */
export const mostFaults = 64;

const faults = list(faultCode, mostFaults);

export const moment: Schema<DeviceMoment> = object({
  inForce,
  counters: object({ relayCycles: large, heaterSeconds: large }),
  activeFaults: faults,
  stored: boolean,
});

/** What telemetry is made of. */
export const lookAt = ({ commands: { screen, heater }, events }: Observation): TelemetryObservation => ({
  temperature: screen.temperature,
  humidity: screen.humidity,
  setPoint: screen.target,
  heatingDemand: screen.demand,
  heaterOn: heater,
  automatic: screen.mode === "auto",
  raised: events.flatMap((event) => (event.kind === "fault-raised" ? [event.fault] : [])),
  ended: events.flatMap((event) => (event.kind === "fault-ended" ? [event.fault] : [])),
});

export const look: Schema<TelemetryObservation> = object({
  temperature: orElse(quantity, undefined),
  humidity: orElse(quantity, undefined),
  setPoint: quantity,
  heatingDemand: quantity,
  heaterOn: boolean,
  automatic: boolean,
  raised: faults,
  ended: faults,
});
