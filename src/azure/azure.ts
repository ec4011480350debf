/**
 * Folder azure/: the way to Azure IoT: who the device is, the link, what is said on it, and telemetry that waits for
 * it.
 *
 * The cloud half's door. To be loaded by dynamic import, and only when `loadCredentials` (which needs no SDK) has found
 * some: the SDK behind this takes 150 ms and 30 MB.
 *
 * Guarantee: nothing here throws into the firmware's event loop, and `openCloud` returns at once.
 */
import type { CloudLink, CloudOptions } from "./link/link.ts";
import { Supervisor } from "./link/supervisor.ts";

export type { Credentials } from "./credentials/credentials.ts";
export type { LinkCause } from "./link/cause.ts";
export type { CloudHandlers, CloudLink, CloudOptions, CommandReply, TelemetryMessage } from "./link/link.ts";
export { nearbyTuning } from "./link/tuning.ts";

/** Begins to connect, and goes on until `close`. */
export function openCloud(options: CloudOptions): CloudLink {
  return new Supervisor(options);
}
