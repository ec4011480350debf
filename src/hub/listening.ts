/**
 * Starts an HTTP server, and closes it with all its connections.
 *
 * Guarantee: a client that sends no complete request header in time is disconnected, and such clients cannot block
 * others.
 */

import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { ServerType } from "@hono/node-server";
import type { Clock } from "../base/clock.ts";
import { seconds } from "../base/units.ts";
import type { OnceLog } from "./once-log.ts";
import { portOf } from "./ports.ts";
import { peerKey, UnauthenticatedConnections } from "./unauthenticated.ts";

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** For `createServer`: Node limits slow requests on a connection that already sent one. */
export const httpLimits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5000,
} as const;

interface ListeningParts {
  readonly clock: Clock;
  readonly once: OnceLog;
}

const maxConnections = 1000;
const maxUnauthenticated = 200;

/** @throws Error with `code` when it cannot listen, for instance EADDRINUSE */
export async function listen(
  server: ServerType,
  parts: ListeningParts,
  host: string,
  port: number,
): Promise<Listening> {
  limitConnections(server, parts);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return {
    port: portOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // An event stream never ends by itself.
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
}

function limitConnections(server: ServerType, { clock, once }: ListeningParts): void {
  const onFull = () => void once.warn("hub-http-full", "any client", "too many connections");
  const unauthenticated = new UnauthenticatedConnections(clock, {
    max: maxUnauthenticated,
    within: seconds(15),
    onFull,
  });
  server.maxConnections = maxConnections;
  server.on("drop", onFull);
  server.on("connection", (raw: Socket) => unauthenticated.add(raw));
  server.on("request", ({ socket }: IncomingMessage) => unauthenticated.remove(peerKey(socket)));
}
