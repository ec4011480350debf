/** The messages between the loop and its cloud process: those of every face process, and the following. */
import type { Infer } from "../../base/schema/schema.ts";
import { byKind, object } from "../../base/schema/structures.ts";
import { number } from "../../base/schema/values.ts";
import { truncated } from "../process/message-values.ts";
import { hubReady } from "../process/messages.ts";
import { requestsBy } from "../remote-device/in-force-message.ts";
import { fromFace, toFace } from "../remote-device/messages.ts";

const maxLinesLength = 32 * 1024;

export const loopToCloud = byKind("kind", {
  ...toFace,
  /** Log lines for the person who requested them. */
  "log-lines": object({ lines: truncated(maxLinesLength) }),
  "hub-ready": hubReady,
});

export const cloudToLoop = byKind("kind", {
  // It may act only as the cloud.
  ...fromFace(requestsBy(["cloud", "default"])),
  /** Log lines are requested for so many minutes; 0 ends it. */
  "send-logs": object({ minutes: number(0, 60) }),
  /** There are no credentials: a local hub is needed. */
  "no-credentials": object({}),
  /** There are, whether they work or not. */
  "has-credentials": object({}),
});

/** From the loop. */
export type LoopMessage = Infer<typeof loopToCloud>;
/** From the cloud process. */
export type CloudMessage = Infer<typeof cloudToLoop>;
