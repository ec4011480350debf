/**
 * The gate on sockets and servers.
 *
 * http, https, http2, tls, ws, fetch and WebSocket all call `net.Socket.prototype.connect`, where the host's
 * name is still known. The diagnostics channel "net.client.socket" reports new sockets without their target,
 * and no TLS sockets.
 */
import dgram, { Socket as UdpSocket } from "node:dgram";
import dns from "node:dns";
import { isIP, Server, Socket } from "node:net";
import { checkConnection, checkServerPort } from "../gate.ts";
import type { NetworkGrants } from "../manifest.ts";
import { type CapabilityError, NeverGrantedError } from "../refusal.ts";
import { gateMethod } from "./patch.ts";

export function gateSockets(manifest: NetworkGrants): (() => void)[] {
  return [
    wrap(Socket.prototype, "connect", (socket: Socket, args) => {
      const refused = tcpRefusal(manifest, tcpTarget(args));
      // As late as a real failure: http listens for errors one tick after it connects.
      if (refused) queueMicrotask(() => socket.destroy(refused));
      return refused === undefined;
    }),
    wrap(Server.prototype, "listen", (server: Server, args) => {
      const { path, port, fd } = tcpTarget(args);
      // A port comes before a path here (net.Server.listen), unlike in connect.
      const isPath = path && port === undefined && fd === undefined;
      const refused = isPath ? undefined : checkServerPort(manifest, "tcp", Number(port ?? 0));
      if (refused) process.nextTick(() => server.emit("error", refused));
      return refused === undefined;
    }),
    wrap(UdpSocket.prototype, "bind", (socket: UdpSocket, [to]) => {
      const port = Number(typeof to === "object" && to !== null ? Reflect.get(to, "port") : to) || 0;
      // Clients bind to port 0; their targets are checked when they send.
      const refused = port === 0 ? undefined : checkServerPort(manifest, "udp", port);
      if (refused) process.nextTick(() => socket.emit("error", refused));
      return refused === undefined;
    }),
    wrap(UdpSocket.prototype, "connect", (socket: UdpSocket, [, host]) => udpAllowed(manifest, socket, host)),
    wrap(UdpSocket.prototype, "send", (socket: UdpSocket, args) => {
      // A connected socket takes no address, and was checked when it was connected.
      if (isConnected(socket)) return true;
      // (message, [offset, length,] port [, address]), distinguished as Node.js does.
      const isLong = args[4] || (args[3] && typeof args[3] !== "function");
      return udpAllowed(manifest, socket, isLong ? args[4] : args[2]);
    }),
    gateMethod(dgram, "createSocket", (original, self, args) => {
      const [options] = args;
      const refused = lookupOf(options) && ownLookupRefused();
      if (refused) throw refused;
      return Reflect.apply(original, self, args);
    }),
  ];
}

function tcpRefusal(
  manifest: NetworkGrants,
  { path, host: named, lookup }: TcpTarget,
): CapabilityError | NeverGrantedError | undefined {
  if (path) return undefined;
  // `net` also uses localhost for an empty host or null.
  const host = named ? String(named) : "localhost";
  const refused = checkConnection(manifest, host);
  if (refused) return refused;
  return isIP(host) === 0 && lookupOf({ lookup }) ? ownLookupRefused() : undefined;
}

/** A look-up function that is not Node's own. */
function lookupOf(options: unknown): unknown {
  const lookup = typeof options === "object" && options !== null && Reflect.get(options, "lookup");
  return lookup && lookup !== dns.lookup ? lookup : undefined;
}

const ownLookupRefused = (): NeverGrantedError =>
  new NeverGrantedError(
    "a custom look-up function, which could return any address for a granted name",
    "omit it, or connect to an address that AllowedConnections names",
  );

function udpAllowed(manifest: NetworkGrants, socket: UdpSocket, host: unknown): boolean {
  const refused = checkConnection(manifest, typeof host === "string" ? host : "localhost");
  if (refused) process.nextTick(() => socket.emit("error", refused));
  return refused === undefined;
}

function isConnected(socket: UdpSocket): boolean {
  try {
    return socket.remoteAddress() !== undefined;
  } catch {
    return false;
  }
}

interface TcpTarget {
  readonly path?: unknown;
  readonly fd?: unknown;
  readonly host?: unknown;
  readonly port?: number | string;
  readonly lookup?: unknown;
}

/** (options), (path) or (port [, host]); net itself passes them on in one array. */
function tcpTarget(args: readonly unknown[]): TcpTarget {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  if (typeof first === "object" && first !== null) return first;
  // The same distinction as in Node.js: "0x50" and " 80 " are ports.
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
  return gateMethod(prototype, name, (original, self, args) =>
    allowed(self as T, args) ? Reflect.apply(original, self, args) : self,
  );
}
