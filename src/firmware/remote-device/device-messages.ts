/** Schemas of the device's state in messages between the processes. */
import type { Schema } from "../../base/schema/schema.ts";
import { list, object } from "../../base/schema/structures.ts";
import { boolean, withDefault } from "../../base/schema/values.ts";
import type { StepSummary } from "../../control/step-summary.ts";
import type { DeviceSnapshot } from "../face.ts";
import { faultCode, large, quantity } from "../process/message-values.ts";
import { inForce } from "./in-force-message.ts";

/** Maximum number of fault events that are kept between two messages. */
export const maxFaults = 64;

const faults = list(faultCode, maxFaults);

export const snapshot: Schema<DeviceSnapshot> = object({
  inForce,
  counters: object({ relayCycles: large, heaterSeconds: large }),
  activeFaults: faults,
  stored: boolean,
});

export const stepSummary: Schema<StepSummary> = object({
  temperature: withDefault(quantity, undefined),
  humidity: withDefault(quantity, undefined),
  setPoint: quantity,
  heatingDemand: quantity,
  heaterOn: boolean,
  automatic: boolean,
  raised: faults,
  ended: faults,
});
