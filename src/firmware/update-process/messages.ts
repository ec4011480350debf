/**
 * The messages between the loop and its updater: one union for each direction.
 *
 * Guarantee: all messages are validated by schema.
 */
import type { Infer } from "../../base/schema/schema.ts";
import { byKind, object } from "../../base/schema/structures.ts";
import { oneOf, optional, string } from "../../base/schema/values.ts";
import { truncated } from "../process/message-values.ts";
import { fromChild, toChild } from "../supervision/messages.ts";
import { firmwareReport } from "./firmware-report.ts";

const nothing = object({});
const digest = string(undefined, 64);
const maxText = 1024;

export const loopToUpdater = byKind("kind", {
  ...toChild,
  /** Ask the sources now, at the request of a person or of the owner's system. */
  check: nothing,
  /** Whether this image may start now, and why not; at each change, and after each offer. */
  "may-start": object({ digest, waitsFor: optional(truncated(maxText)) }),
  /** This program was confirmed: its trial is over. */
  "update-confirmed": nothing,
});
export type LoopToUpdater = Infer<typeof loopToUpdater>;

export const updaterToLoop = byKind("kind", {
  ...fromChild,
  /** At every change. */
  firmware: object({ report: firmwareReport }),
  /** An image is completely installed: the loop says when it may start. */
  offer: object({ slot: oneOf(["a", "b"]), digest, when: oneOf(["now", "when-convenient"]) }),
  /** Start the offered image: the loop has allowed it, and it was not canceled. */
  start: object({ digest }),
});
export type UpdaterToLoop = Infer<typeof updaterToLoop>;
