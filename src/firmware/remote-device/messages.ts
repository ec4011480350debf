/**
 * Folder remote-device/: a device and its face in different processes: both ends of the channel between them.
 *
 * The messages that every face process has; each adds its own. One union for each direction.
 *
 * Guarantee: all messages are validated by schema; a process may make only its own requests, in its own name.
 */
import type { Schema } from "../../base/schema/schema.ts";
import { list, object, type UnionOf } from "../../base/schema/structures.ts";
import { oneOf, optional, string } from "../../base/schema/values.ts";
import type { Request } from "../../control/input.ts";
import { large, links } from "../process/message-values.ts";
import { fromChild, toChild } from "../supervision/messages.ts";
import { firmwareReport } from "../update-process/firmware-report.ts";
import { snapshot, stepSummary } from "./device-messages.ts";

const nothing = object({});
const maxRequests = 16;

/** From the loop. */
export const toFace = {
  ...toChild,
  /** The device's current state, with all fault events since the last such message. */
  device: object({ snapshot, summary: stepSummary }),
  /** The answer to the request with this id, with the device's state after it. */
  answer: object({ id: large, refused: optional(string()), snapshot }),
  /** The update status. */
  firmware: object({ report: firmwareReport }),
};

/** To the loop. @param request the requests that this face may make */
export const fromFace = (request: Schema<Request>) => ({
  ...fromChild,
  request: object({ id: large, requests: list(request, maxRequests) }),
  link: object({ link: oneOf(links) }),
  /** The command `checkForUpdate`. */
  "check-for-update": nothing,
  /** The command `restart`. */
  restart: nothing,
});

export type MessageToFace = UnionOf<"kind", typeof toFace>;
export type MessageFromFace = UnionOf<"kind", ReturnType<typeof fromFace>>;
