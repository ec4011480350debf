/**
 * The messages between the loop and its alert process: one union for each direction.
 *
 * Guarantee: all messages are validated by schema.
 */
import type { Infer } from "../../base/schema/schema.ts";
import { byKind, list, object } from "../../base/schema/structures.ts";
import { oneOf } from "../../base/schema/values.ts";
import { faultCode, links } from "../process/message-values.ts";
import { fromChild, toChild } from "../supervision/messages.ts";

const mostFaults = 100;

export const loopToAlerts = byKind("kind", {
  ...toChild,
  /** At each change, and to each new process. */
  conditions: object({ faults: list(faultCode, mostFaults), link: oneOf(links) }),
});
export type LoopToAlerts = Infer<typeof loopToAlerts>;

export const alertsToLoop = byKind("kind", fromChild);
export type AlertsToLoop = Infer<typeof alertsToLoop>;
