/**
 * The messages between the loop and its updater: one union for each direction.
 *
 * Guarantee: all messages are validated by schema.
 */
import type { Infer } from "../../base/schema/schema.ts";
import { byKind, object } from "../../base/schema/structures.ts";
import { oneOf, optional, string } from "../../base/schema/values.ts";
import { truncated } from "../process/message-values.ts";
import { secretsGiven } from "../process/messages.ts";
import { logLine } from "../supervision/log-message.ts";
import { firmwareReport } from "./firmware-report.ts";

const nothing = object({});
const digest = string(undefined, 64);
const maxText = 1024;

export const loopToUpdater = byKind("kind", {
  /** Ask the sources now, at the request of a person or of the owner's system. */
  check: nothing,
  /** Whether this image may start now, and why not; at each change, and after each offer. */
  "may-start": object({ digest, waitsFor: optional(truncated(maxText)) }),
  /** This program was confirmed: its trial is over. */
  "update-confirmed": nothing,
  ping: nothing,
  stop: nothing,
  "secrets-given": secretsGiven,
});
export type LoopToUpdater = Infer<typeof loopToUpdater>;

export const updaterToLoop = byKind("kind", {
  /** At every change; the first one means that it has started. */
  health: object({ failure: optional(truncated(maxText)) }),
  log: logLine,
  /** At every change. */
  firmware: object({ report: firmwareReport }),
  /** An image is completely installed: the loop says when it may start. */
  offer: object({ slot: oneOf(["a", "b"]), digest, when: oneOf(["now", "when-convenient"]) }),
  /** Start the offered image: the loop has allowed it, and it was not canceled. */
  start: object({ digest }),
  pong: nothing,
});
export type UpdaterToLoop = Infer<typeof updaterToLoop>;
