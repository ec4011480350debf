/** Finds a port to listen on, and tells which one it became. */
import type { AddressInfo, Server } from "node:net";
import { errnoOf } from "../base/errors.ts";

/** @param server listens on TCP */
export const portOf = (server: Pick<Server, "address">): number => (server.address() as AddressInfo).port;

/**
 * Opens on the first port that nobody has.
 * @param open rejects with EADDRINUSE where the port is taken
 * @throws its error; EADDRINUSE naming all of them when every one is taken
 */
export async function onFirstFree<T>(
  ports: readonly number[],
  open: (port: number) => Promise<T>,
): Promise<T> {
  let taken: unknown;
  for (const port of ports) {
    try {
      return await open(port);
    } catch (error) {
      taken = error;
      if (errnoOf(taken) !== "EADDRINUSE") throw taken;
    }
  }
  if (taken !== undefined && ports.length === 1) throw taken;
  throw Object.assign(
    new Error(`no port is free of those that may be used (${ports.join(", ") || "none"})`),
    {
      code: "EADDRINUSE",
      cause: taken,
    },
  );
}
