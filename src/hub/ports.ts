/** Finds a port to listen on, and tells which one it became. */
import type { Server } from "node:net";
import { errnoOf } from "../base/errors.ts";

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

/** The port that a server listens on. @param asked what it was asked for, where it does not say: 0 is any */
export function portOf(server: Pick<Server, "address">, asked: number): number {
  const address = server.address();
  return address === null || typeof address === "string" ? asked : address.port;
}
