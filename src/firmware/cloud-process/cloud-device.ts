/**
 * The device as its cloud half sees it: the running device itself (in virtual time, in the demo), or its picture in
 * another process.
 *
 * Guarantee: `inForce`, `counters`, `activeFaults` and `stored` belong to one moment; after a request was answered that
 * moment is not before it took effect.
 */

import type { TelemetryObservation } from "../../azure/telemetry.ts";
import type { LinkState, Request } from "../../control/input.ts";
import type { InForce } from "../../control/twin/in-force.ts";
import type { FaultCode } from "../../model/faults.ts";
import { isFaultCode } from "../../model/faults.ts";
import type { Device, Observation } from "../device.ts";
import type { Fields } from "../process/message-fields.ts";
import { inForceOf } from "./in-force-message.ts";

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

export function readMoment(from: Fields): DeviceMoment {
  const counters = from.fields("counters");
  return {
    inForce: inForceOf(from.fields("inForce")),
    counters: { relayCycles: counters.large("relayCycles"), heaterSeconds: counters.large("heaterSeconds") },
    activeFaults: readFaults(from, "activeFaults"),
    stored: from.flag("stored"),
  };
}

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

export function readLook(from: Fields): TelemetryObservation {
  return {
    temperature: from.optional("temperature", () => from.number("temperature")),
    humidity: from.optional("humidity", () => from.number("humidity")),
    setPoint: from.number("setPoint"),
    heatingDemand: from.number("heatingDemand"),
    heaterOn: from.flag("heaterOn"),
    automatic: from.flag("automatic"),
    raised: readFaults(from, "raised"),
    ended: readFaults(from, "ended"),
  };
}

/** More fault events do not wait between two messages. */
export const mostFaults = 64;

const readFaults = (from: Fields, name: string): FaultCode[] =>
  from.list(name, mostFaults, (code) => {
    if (!isFaultCode(code)) throw new RangeError(name);
    return code;
  });
