/** Finds a free port to listen on. */
import type { AddressInfo, Server } from "node:net";
import { errnoOf } from "../base/errors.ts";

/** @param server listens on TCP */
export const portOf = (server: Pick<Server, "address">): number => (server.address() as AddressInfo).port;

/**
 * Opens on the first free port.
 * @param open rejects with EADDRINUSE where the port is taken
 * @throws the error of `open`; EADDRINUSE listing all ports when every one is taken
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
    new Error(`none of the allowed ports is free (${ports.join(", ") || "none allowed"})`),
    {
      code: "EADDRINUSE",
      cause: taken,
    },
  );
}
