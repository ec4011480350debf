/**
 * Folder azure/: the connection to Azure IoT: credentials, link, session, and the telemetry outbox.
 *
 * Entry point. Load it by dynamic import, and only after `loadCredentials` (which needs no SDK) has found credentials:
 * the SDK costs 150 ms and 30 MB.
 *
 * Guarantee: nothing here throws into the firmware's event loop, and `openCloud` returns at once.
 */
import type { CloudLink, CloudOptions } from "./link/link.ts";
import { Supervisor } from "./link/supervisor.ts";

export type { Credentials } from "./credentials/credentials.ts";
export type { LinkCause } from "./link/cause.ts";
export type { CloudHandlers, CloudLink, CloudOptions, CommandReply, TelemetryMessage } from "./link/link.ts";
export { localHubTuning } from "./link/tuning.ts";

/** Connects, and reconnects until `close`. */
export function openCloud(options: CloudOptions): CloudLink {
  return new Supervisor(options);
}
