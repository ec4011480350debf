/**
 * The messages between the loop and its alert process: one union for each direction.
 *
 * Guarantee: all messages are validated by schema.
 */
import type { Infer } from "../../base/schema/schema.ts";
import { byKind, list, object } from "../../base/schema/structures.ts";
import { oneOf, optional } from "../../base/schema/values.ts";
import { faultCode, links, truncated } from "../process/message-values.ts";
import { secretsGiven } from "../process/messages.ts";
import { logLine } from "../supervision/log-message.ts";

const nothing = object({});
const mostFaults = 100;

export const loopToAlerts = byKind("kind", {
  /** At each change, and to each new process. */
  conditions: object({ faults: list(faultCode, mostFaults), link: oneOf(links) }),
  ping: nothing,
  stop: nothing,
  "secrets-given": secretsGiven,
});
export type LoopToAlerts = Infer<typeof loopToAlerts>;

export const alertsToLoop = byKind("kind", {
  /** At every change; the first one means that it has started. */
  health: object({ failure: optional(truncated(1024)) }),
  log: logLine,
  pong: nothing,
});
export type AlertsToLoop = Infer<typeof alertsToLoop>;
