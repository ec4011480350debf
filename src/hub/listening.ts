/** A server that listens, and how to end it with every connection it has. */
import type { ServerType } from "@hono/node-server";

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws Error with `code` when it cannot listen there, as when another has the port */
export async function listen(server: ServerType, host: string, port: number): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // An event stream never ends by itself.
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
}
