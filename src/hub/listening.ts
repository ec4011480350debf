/**
 * An HTTP server that listens, and how to end it with every connection it has.
 *
 * Guarantee: who sends no whole request head in time is gone, and those who do not keep nobody else out.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { ServerType } from "@hono/node-server";
import { seconds } from "../base/units.ts";
import type { HubCore } from "./hub-core.ts";
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

const mostConnections = 1000;
const mostStrangers = 200;

/** @throws Error with `code` when it cannot listen there, as when another has the port */
export async function listen(
  server: ServerType,
  core: Pick<HubCore, "clock" | "once">,
  host: string,
  port: number,
): Promise<Listening> {
  bound(server, core);
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

function bound(server: ServerType, { clock, once }: Pick<HubCore, "clock" | "once">): void {
  const onFull = () => void once.warn("hub-http-full", "anybody", "too many connections");
  const strangers = new Strangers(clock, { most: mostStrangers, within: seconds(15), onFull });
  server.maxConnections = mostConnections;
  server.on("drop", onFull);
  server.on("connection", (raw: Socket) => strangers.add(raw));
  server.on("request", ({ socket }: IncomingMessage) => strangers.welcome(peerOf(socket)));
}
