/**
 * The cloud half's door: credentials in, a link out. Loaded by dynamic import, only when there are credentials: the
 * SDK behind it takes 150 ms and 30 MB.
 *
 * Guarantee: nothing here throws into the firmware's event loop, and `openCloud` returns at once.
 */
import type { CloudLink, CloudOptions } from "./link.ts";
import { Supervisor } from "./supervisor.ts";

export { cause, type LinkCause } from "./cause.ts";
export { CredentialError, type Credentials } from "./credentials.ts";
export { deriveDeviceKey } from "./device-key.ts";
export type { CloudHandlers, CloudLink, CloudOptions, CommandReply, TelemetryMessage } from "./link.ts";
export { loadCredentials } from "./load-credentials.ts";
export { systemPrivateFiles } from "./private-files.ts";
export { type CloudTuning, nearbyTuning } from "./tuning.ts";

/** Begins to connect, and goes on until `close`. */
export function openCloud(options: CloudOptions): CloudLink {
  return new Supervisor(options);
}
