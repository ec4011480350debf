/**
 * Installs the network gate in this process, until the process ends. Every process of the firmware does so
 * before it loads a package: guardian and commands from main.ts, loop, cloud process and hub with their
 * manifest.
 */
import { join } from "node:path";
import type { NetworkGrants } from "../../manifest/manifest.ts";
import { guardConnections } from "../../manifest/network/connections.ts";
import { loadManifestWithoutHat } from "../load-manifest.ts";
import { StartupError } from "./exit-codes.ts";
import { packageRoot } from "./package-root.ts";

/** For a process that has nothing to do with the network. */
export const noNetwork: NetworkGrants = { connections: [], tcpServerPorts: [], udpServerPorts: [] };

/** For what runs on this machine alone, on any free ports. */
export const loopbackOnly: NetworkGrants = {
  connections: ["localhost", "127.0.0.1"],
  tcpServerPorts: [0],
  udpServerPorts: [],
};

export function guardNetwork(grants: NetworkGrants): void {
  guardConnections(grants, join(packageRoot, "dist", "worker-gate.cjs"));
}

/** What the manifest grants; nothing if it is invalid, which the code that needs it reports. */
export function networkOfManifest(): NetworkGrants {
  try {
    return loadManifestWithoutHat();
  } catch (error) {
    if (error instanceof StartupError) return noNetwork;
    throw error;
  }
}
