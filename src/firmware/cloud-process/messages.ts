/**
 * The messages between the loop and its cloud process: one union for each direction.
 *
 * Guarantee: all messages are validated by schema.
 */
import type { Infer } from "../../base/schema/schema.ts";
import { byKind, list, object } from "../../base/schema/structures.ts";
import { number, oneOf, optional, string } from "../../base/schema/values.ts";
import { large, links, truncated } from "../process/message-values.ts";
import { hubReady, secretsGiven } from "../process/messages.ts";
import { logLine } from "../supervision/log-message.ts";
import { firmwareReport } from "../update-process/firmware-report.ts";
import { snapshot, stepSummary } from "./device-messages.ts";
import { request } from "./in-force-message.ts";

const nothing = object({});
const maxRequests = 16;
const maxTextLength = 4096;
const maxLinesLength = 32 * 1024;

export const loopToCloud = byKind("kind", {
  /** The device's current state, with all fault events since the last such message. */
  device: object({ snapshot, summary: stepSummary }),
  /** The answer to the request with this id, with the device's state after it. */
  answer: object({ id: large, refused: optional(string()), snapshot }),
  /** Log lines for the person who requested them. */
  "log-lines": object({ lines: truncated(maxLinesLength) }),
  /** What is known of updates. */
  firmware: object({ report: firmwareReport }),
  ping: nothing,
  stop: nothing,
  "hub-ready": hubReady,
  "secrets-given": secretsGiven,
});

export const cloudToLoop = byKind("kind", {
  request: object({ id: large, requests: list(request, maxRequests) }),
  link: object({ link: oneOf(links) }),
  /** The state of the cloud process, at every change; the first one means that it has started. */
  health: object({ failure: optional(truncated(maxTextLength)) }),
  log: logLine,
  /** Log lines are requested for so many minutes; 0 ends it. */
  "send-logs": object({ minutes: number(0, 60) }),
  /** The command `checkForUpdate`. */
  "check-for-update": nothing,
  /** The command `restart`. */
  restart: nothing,
  /** There are no credentials: a local hub is needed. */
  "no-credentials": nothing,
  /** There are, whether they work or not. */
  "has-credentials": nothing,
  pong: nothing,
});

/** From the loop. */
export type LoopMessage = Infer<typeof loopToCloud>;
/** From the cloud process. */
export type CloudMessage = Infer<typeof cloudToLoop>;
