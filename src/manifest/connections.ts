/**
 * The gate on the network, for the whole thread: also for what a dependency opens behind our back.
 *
 * Guarantees: while it stands, a TCP, TLS or UDP exchange with a host that the manifest does not name fails with EPERM
 * before any look-up or packet, and so does listening on a port that it does not name. Sockets with a path in the file
 * system are not network. Native add-ons, worker threads and child processes are out of its reach: those are the
 * sandbox's part (sandbox.ts).
 *
 * http, https, tls, ws and fetch all pass `net.Socket.prototype.connect` with the host's name still known. The
 * diagnostics channel "net.client.socket" tells of a new socket, but not where to, and not of TLS sockets.
 */
import { Socket as UdpSocket } from "node:dgram";
import { Server, Socket } from "node:net";
import { checkConnection, checkServerPort } from "./gate.ts";
import type { Manifest } from "./manifest.ts";

/** Puts the gate up. Returns a function that takes it down again. */
export function guardConnections(manifest: Manifest): () => void {
  const restore = [
    wrap(Socket.prototype, "connect", (socket: Socket, args) => {
      const { path, host } = tcpTarget(args);
      const refused = path ? undefined : checkConnection(manifest, host ?? "localhost");
      // As late as a real failure: http listens for errors one tick after it connects.
      if (refused) queueMicrotask(() => socket.destroy(refused));
      return refused === undefined;
    }),
    wrap(Server.prototype, "listen", (server: Server, args) => {
      const { path, port } = tcpTarget(args);
      const refused = path ? undefined : checkServerPort(manifest, "tcp", Number(port ?? 0));
      if (refused) process.nextTick(() => server.emit("error", refused));
      return refused === undefined;
    }),
    wrap(UdpSocket.prototype, "bind", (socket: UdpSocket, [to]) => {
      const port = Number(typeof to === "object" && to !== null ? Reflect.get(to, "port") : to) || 0;
      // Port 0 is how a client binds; where it may send to is checked when it does.
      const refused = port === 0 ? undefined : checkServerPort(manifest, "udp", port);
      if (refused) process.nextTick(() => socket.emit("error", refused));
      return refused === undefined;
    }),
    wrap(UdpSocket.prototype, "connect", (socket: UdpSocket, [, host]) => udpAllowed(manifest, socket, host)),
    wrap(UdpSocket.prototype, "send", (socket: UdpSocket, args) => {
      // (message, [offset, length,] [port [, address]]); without a port the socket is connected, and was checked.
      const [port, address] = typeof args[2] === "number" ? [args[3], args[4]] : [args[1], args[2]];
      return typeof port !== "number" || udpAllowed(manifest, socket, address);
    }),
  ];
  return () => {
    for (const undo of restore) undo();
  };
}

function udpAllowed(manifest: Manifest, socket: UdpSocket, host: unknown): boolean {
  const refused = checkConnection(manifest, typeof host === "string" ? host : "localhost");
  if (refused) process.nextTick(() => socket.emit("error", refused));
  return refused === undefined;
}

interface TcpTarget {
  readonly path?: unknown;
  readonly host?: string;
  readonly port?: number | string;
}

/** (options), (path) or (port [, host]); net itself passes them on as one array. */
function tcpTarget(args: readonly unknown[]): TcpTarget {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  if (typeof first === "object" && first !== null) return first;
  // As net itself tells the two apart: "0x22b3" and " 443" are ports.
  if (typeof first === "string" && !(Number(first) >= 0)) return { path: first };
  const host = typeof second === "string" ? { host: second } : {};
  return typeof first === "number" || typeof first === "string" ? { port: first, ...host } : host;
}

/** Calls the method only when `allowed` says so; a refused call returns its object, as a successful one does. */
function wrap<T extends object>(
  prototype: T,
  name: string & keyof T,
  allowed: (self: T, args: readonly unknown[]) => boolean,
): () => void {
  const original = prototype[name] as (...args: unknown[]) => unknown;
  const put = (method: unknown) =>
    Object.defineProperty(prototype, name, {
      value: method,
      writable: true,
      configurable: true,
      enumerable: true,
    });
  put(function (this: T, ...args: unknown[]) {
    return allowed(this, args) ? Reflect.apply(original, this, args) : this;
  });
  return () => put(original);
}
