/**
 * Schemas of a hawkBit server's messages to a device (Direct Device Integration v1). Members that are not
 * used here are dropped; members that older servers, or other servers such as goosebit, do not send are
 * optional.
 */
import type { Infer } from "../../base/schema/schema.ts";
import { list, object } from "../../base/schema/structures.ts";
import {
  convert,
  either,
  integer,
  lenient,
  oneOf,
  optional,
  string,
  withDefault,
} from "../../base/schema/values.ts";
import { readSleep } from "./poll-interval.ts";

const link = object({ href: string(undefined, 2048) });
const name = string(undefined, 512);
/** Text in hawkBit, a number elsewhere. */
const actionId = convert(
  either(string(undefined, 64), integer(0)),
  (id) => {
    const text = String(id);
    if (/^[A-Za-z0-9_-]{1,64}$/.test(text)) return text;
    throw new RangeError("not an id");
  },
  "the id of an action",
);

const controllerLinks = object({
  deploymentBase: optional(link),
  cancelAction: optional(link),
  confirmationBase: optional(link),
  configData: optional(link),
});
export type ControllerLinks = Infer<typeof controllerLinks>;

/** An invalid one counts as absent, so that it does not prevent an update. */
const sleep = lenient(convert(string(undefined, 64), readSleep), () => undefined);

export const controllerBase = object({
  config: optional(object({ polling: optional(object({ sleep })) })),
  _links: withDefault(controllerLinks, {} as ControllerLinks),
});
export type ControllerBase = Infer<typeof controllerBase>;

const hashes = object({ sha256: optional(string(undefined, 128)) });
const downloadLinks = object({ download: optional(link), "download-http": optional(link) });
const artifact = object({
  filename: optional(name),
  size: integer(0),
  hashes: withDefault(hashes, {} as Infer<typeof hashes>),
  _links: withDefault(downloadLinks, {} as Infer<typeof downloadLinks>),
});
export type Artifact = Infer<typeof artifact>;

const handling = oneOf(["skip", "attempt", "forced"]);
const work = object({
  download: handling,
  update: handling,
  maintenanceWindow: optional(oneOf(["available", "unavailable"])),
  // More than one of either is refused with a reason, but not a list without end.
  chunks: list(
    object({
      version: optional(name),
      name: optional(name),
      artifacts: withDefault(list(artifact, 100), []),
    }),
    100,
  ),
});
export type Work = Infer<typeof work>;

export const deploymentBase = object({ id: actionId, deployment: work });
export const confirmationBase = object({ id: actionId, confirmation: work });
export const cancelAction = object({ id: actionId, cancelAction: object({ stopId: actionId }) });
