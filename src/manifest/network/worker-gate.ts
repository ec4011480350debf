/**
 * The first script of every worker thread: installs the gate with its parent's grants; if unknown, with none.
 */
import { getEnvironmentData } from "node:worker_threads";
import type { NetworkGrants } from "../manifest.ts";
import { guardConnections } from "./connections.ts";
import { grantsKey } from "./threads.ts";

const nothing: NetworkGrants = { connections: [], tcpServerPorts: [], udpServerPorts: [] };
const grants = getEnvironmentData(grantsKey) as unknown as NetworkGrants | undefined;

guardConnections(grants ?? nothing, __filename);
