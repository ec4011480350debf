/**
 * The local hub as a part of this installation: its folder, its ports, its page, and this device's way in.
 *
 * Guarantee: on loopback unless asked otherwise; the ports are the usual ones where they are free, so that the page's
 * address stays the same, and any other where another hub has them, except for a page port that was asked for; the device's credentials lie in a file of their own, 0600.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../control/log.ts";
import { type HubAddresses, type RunningHub, startHub } from "../hub/hub.ts";
import { hubFolders } from "./hub-ready.ts";
import { packageRoot } from "./package-root.ts";
import { systemClock } from "./system-clock.ts";

export interface LocalHubOptions {
  readonly dataPath: string;
  readonly log: Log;
  /** Enrolled at the start; its credentials are written for the loop. */
  readonly device: string;
  readonly host?: string | undefined;
  /** More names by which it is reached. */
  readonly names?: readonly string[];
  readonly pagePort?: number | undefined;
  readonly password?: string | undefined;
}

export interface LocalHub {
  readonly addresses: HubAddresses;
  /** Folder of the device's credentials.json. */
  readonly credentials: string;
  /** The fronts that its page shows. */
  readonly panels: RunningHub["core"]["panels"];
  close(): Promise<void>;
}

/** MQTT's registered port for TLS, and two that are seldom taken. */
const usualPorts = { mqttPort: 8883, restPort: 8443, pagePort: 8780 };
const anyPorts = { mqttPort: 0, restPort: 0, pagePort: 0 };

/** @throws Error as `startHub` does */
export async function startLocalHub(options: LocalHubOptions): Promise<LocalHub> {
  const { dataPath, log, device, host, password, pagePort } = options;
  const folders = hubFolders(dataPath);
  await mkdir(folders.hub, { recursive: true, mode: 0o700 });
  const start = (ports: typeof usualPorts): Promise<RunningHub> =>
    startHub({
      clock: systemClock,
      log,
      dataPath: folders.hub,
      pagePath: join(packageRoot, "dist", "page"),
      ...ports,
      ...(pagePort !== undefined && { pagePort }),
      ...(host !== undefined && { host }),
      ...(options.names !== undefined && { hostNames: options.names }),
      ...(password !== undefined && { pagePassword: password }),
    });
  const hub = await start(usualPorts).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE") throw error;
    // A page port that was asked for stays as asked: when it is that one which is taken, this fails too and says so.
    return start(anyPorts);
  });
  await writeCredentials(folders.device, hub, device);
  const { addresses, core } = hub;
  return { addresses, credentials: folders.device, panels: core.panels, close: () => hub.close() };
}

async function writeCredentials(folder: string, hub: RunningHub, device: string): Promise<void> {
  const { idScope, registrationId, symmetricKey, provisioningHost } = await hub.enrolDevice(device);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, "ca.pem"), hub.caPem, { mode: 0o600 });
  const credentials = {
    type: "dps-symmetric-key",
    idScope,
    registrationId,
    deviceKey: symmetricKey,
    endpoint: provisioningHost,
    caFile: "ca.pem",
  };
  await writeFile(join(folder, "credentials.json"), `${JSON.stringify(credentials, null, 2)}\n`, {
    mode: 0o600,
  });
}
