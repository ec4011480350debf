/** A hub of one's own for one part of the benchmark, and devices' ways into it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeviceCredentials } from "../../src/hub/hub.ts";
import { Child } from "./child.ts";
import type { HubPlace, HubServices } from "./hub-child.ts";

export interface HubRig {
  readonly hub: Child<HubServices>;
  readonly place: HubPlace;
  /** For whatever else the part keeps; gone afterwards. */
  readonly folder: string;
}

export async function withHub<T>(use: (rig: HubRig) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "grove-heater-bench-"));
  const hub = await Child.start<HubServices>("hub-child", { args: [join(folder, "hub")] });
  try {
    return await use({ hub, place: await hub.call("where"), folder });
  } finally {
    await hub.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As the firmware reads it; with DPS, or straight to the hub. @returns the folder */
export function writeCredentials(
  folder: string,
  { caPem }: HubPlace,
  device: DeviceCredentials,
  way: "dps" | "hub",
): string {
  const { idScope, registrationId, symmetricKey, provisioningHost, connectionString } = device;
  const credentials =
    way === "hub"
      ? { type: "connection-string", connectionString }
      : {
          type: "dps-symmetric-key",
          idScope,
          registrationId,
          deviceKey: symmetricKey,
          endpoint: provisioningHost,
        };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "ca.pem"), caPem);
  writeFileSync(join(folder, "credentials.json"), JSON.stringify({ ...credentials, caFile: "ca.pem" }), {
    mode: 0o600,
  });
  return folder;
}
