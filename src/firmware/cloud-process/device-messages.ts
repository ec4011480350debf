/**
 * What a message between the processes says of the device.
 *
 * Guarantee: all of it is checked; what is not as it should be throws a RangeError, which `readMessage` turns into nothing.
 */
import type { Look } from "../../control/look.ts";
import { type FaultCode, isFaultCode } from "../../model/faults.ts";
import type { DeviceMoment } from "../face.ts";
import type { Fields } from "../process/message-fields.ts";
import { inForceOf } from "./in-force-message.ts";

export function readMoment(from: Fields): DeviceMoment {
  const counters = from.fields("counters");
  return {
    inForce: inForceOf(from.fields("inForce")),
    counters: { relayCycles: counters.large("relayCycles"), heaterSeconds: counters.large("heaterSeconds") },
    activeFaults: readFaults(from, "activeFaults"),
    stored: from.flag("stored"),
  };
}

export function readLook(from: Fields): Look {
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
