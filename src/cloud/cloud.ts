/**
 * The cloud half's door. To be loaded by dynamic import, and only when `loadCredentials` (which needs no SDK) has found
 * some: the SDK behind this takes 150 ms and 30 MB.
 *
 * Guarantee: nothing here throws into the firmware's event loop, and `openCloud` returns at once.
 */
import type { CloudLink, CloudOptions } from "./link.ts";
import { Supervisor } from "./supervisor.ts";

export type { LinkCause } from "./cause.ts";
export type { Credentials } from "./credentials.ts";
export type { CloudHandlers, CloudLink, CloudOptions, CommandReply, TelemetryMessage } from "./link.ts";
export { nearbyTuning } from "./tuning.ts";

/** Begins to connect, and goes on until `close`. */
export function openCloud(options: CloudOptions): CloudLink {
  return new Supervisor(options);
}
