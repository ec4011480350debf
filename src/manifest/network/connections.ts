/**
 * Folder network/: the gate on the network, for a whole process: also for what a dependency opens behind our back.
 *
 * Guarantees: while it stands, a TCP, TLS or UDP exchange with a host that the manifest does not name fails with EPERM
 * before any look-up or packet (sockets.ts), a look-up of such a name does (names.ts), and so does listening on a port
 * that it does not name. Worker threads, and theirs, stand behind the same gate (threads.ts). http, https, http2, tls,
 * fetch and WebSocket all pass it. A socket with a path in the file system is no network: who may use it is said by
 * its permissions.
 *
 * What it cannot stop, because it is not asked: native add-ons, programs that are started (curl, another Node), a
 * debugger's port, and code that sets out to get around it, such as through the prototype of an open handle. Those are
 * held by the service's own rules: sandbox.ts, and by user the rules of firewall.ts, which know ports and not names.
 */
import { syncBuiltinESMExports } from "node:module";
import type { NetworkGrants } from "../manifest.ts";
import { gateNames } from "./names.ts";
import { gateSockets } from "./sockets.ts";
import { gateThreads } from "./threads.ts";

/**
 * Puts the gate up. Gates add up: what one refuses is refused.
 * @param workerGate path of the script that puts the gate up in a worker thread: worker-gate.ts, built
 * @returns a function that takes it down again
 */
export function guardConnections(grants: NetworkGrants, workerGate: string): () => void {
  const restore = [...gateSockets(grants), ...gateNames(grants), ...gateThreads(grants, workerGate)];
  // So that `import { lookup } from "node:dns"` gets the gated one too.
  syncBuiltinESMExports();
  return () => {
    for (const undo of restore.reverse()) undo();
    syncBuiltinESMExports();
  };
}
