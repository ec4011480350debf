/**
 * An HTTP server that listens, and how to end it with every connection it has.
 *
 * Guarantee: who sends no whole request head in time is gone, and those who do not keep nobody else out.
 */

import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { ServerType } from "@hono/node-server";
import type { Clock } from "../base/clock.ts";
import { seconds } from "../base/units.ts";
import type { OnceLog } from "./once-log.ts";
import { portOf } from "./ports.ts";
import { peerOf, Strangers } from "./strangers.ts";

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** For `createServer`: Node looks after those who have sent a request before, and send another one slowly. */
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

/** @throws Error with `code` when it cannot listen there, as when another has the port */
export async function listen(
  server: ServerType,
  parts: ListeningParts,
  host: string,
  port: number,
): Promise<Listening> {
  bound(server, parts);
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

function bound(server: ServerType, { clock, once }: ListeningParts): void {
  const onFull = () => void once.warn("hub-http-full", "anybody", "too many connections");
  const strangers = new Strangers(clock, { most: maxUnauthenticated, within: seconds(15), onFull });
  server.maxConnections = maxConnections;
  server.on("drop", onFull);
  server.on("connection", (raw: Socket) => strangers.add(raw));
  server.on("request", ({ socket }: IncomingMessage) => strangers.welcome(peerOf(socket)));
}
