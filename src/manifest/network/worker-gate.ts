/** The first script of every worker thread: puts the gate up with what its parent was granted; with nothing if unknown. */
import { getEnvironmentData } from "node:worker_threads";
import type { NetworkGrants } from "../manifest.ts";
import { guardConnections } from "./connections.ts";
import { grantsKey } from "./threads.ts";

const nothing: NetworkGrants = { connections: [], tcpServerPorts: [], udpServerPorts: [] };
const handedOver = getEnvironmentData(grantsKey) as unknown as NetworkGrants | undefined;

guardConnections(handedOver ?? nothing, __filename);
