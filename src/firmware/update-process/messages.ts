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
  /** A person or the owner's system wants the sources asked now. */
  check: nothing,
  /** Whether this image may start now, and why not; at each change, and after each offer. */
  "may-start": object({ digest, waitsFor: optional(truncated(maxText)) }),
  /** The trial of this program has ended well. */
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
  /** An image is whole in its slot: the loop says when it may start. */
  offer: object({ slot: oneOf(["a", "b"]), digest, when: oneOf(["now", "when-convenient"]) }),
  /** The offered image is to start: it may, and nobody has taken it back. */
  start: object({ digest }),
  pong: nothing,
});
export type UpdaterToLoop = Infer<typeof updaterToLoop>;
