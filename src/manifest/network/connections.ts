/**
 * Folder network/: the gate on the network for a whole process, including connections that a dependency
 * opens.
 *
 * Guarantees: while the gate is installed, TCP, TLS or UDP communication with a host that the manifest does
 * not name fails with EPERM before any look-up or packet (sockets.ts); so do look-ups of such a name
 * (names.ts) and listening on a port that it does not name. Worker threads, and their own workers, have the
 * same gate (threads.ts). http, https, http2, tls, fetch and WebSocket all pass through it. A socket with a
 * path in the file system is not network access: its file permissions apply.
 *
 * Limitations: it does not see native add-ons, other programs (curl, another Node.js), a debugger's port, and
 * code that bypasses it on purpose, for example through the prototype of an open handle. Those are limited by
 * the service's unit (sandbox.ts) and by the packet filter for its user (firewall.ts), which knows ports but
 * not names.
 */
import { syncBuiltinESMExports } from "node:module";
import type { NetworkGrants } from "../manifest.ts";
import { gateNames } from "./names.ts";
import { gateSockets } from "./sockets.ts";
import { gateThreads } from "./threads.ts";

/**
 * Installs the gate. If several are installed, each can refuse.
 * @param workerGate path of the script that installs the gate in a worker thread: the built worker-gate.ts
 * @returns a function that removes it
 */
export function guardConnections(grants: NetworkGrants, workerGate: string): () => void {
  const restore = [...gateSockets(grants), ...gateNames(grants), ...gateThreads(grants, workerGate)];
  // Makes `import { lookup } from "node:dns"` use the gated function too.
  syncBuiltinESMExports();
  return () => {
    for (const undo of restore.reverse()) undo();
    syncBuiltinESMExports();
  };
}
