/** The gate put up in the test's own process, and what a refusal looks like. */
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { packageRoot } from "../../../src/firmware/process/package-root.ts";
import { type Manifest, parseManifest } from "../../../src/manifest/manifest.ts";
import { guardConnections } from "../../../src/manifest/network/connections.ts";

export function manifest(capabilities: Record<string, unknown>): Manifest {
  const ComponentId = "52835aa3-8307-4e84-a159-63497f35b43c";
  const document = { SchemaVersion: 1, Name: "x", ComponentId, EntryPoint: "x", Capabilities: capabilities };
  return parseManifest(JSON.stringify(document), () => undefined);
}

/** What each test leaves to be undone, last first. */
export const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

/** Up to the test's end. */
export const guard = (capabilities: Record<string, unknown>): number =>
  undo.push(guardConnections(manifest(capabilities), join(packageRoot, "dist", "worker-gate.cjs")));

/** A listening HTTP server on a port of the system's choice. */
export async function httpServer(): Promise<number> {
  const server = createServer((_, response) => response.end("hello"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  undo.push(() => server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

export const errorOf = async (emitter: NodeJS.EventEmitter): Promise<unknown> =>
  (await once(emitter, "error"))[0];

export const refusal = (capability: string, line: string) => ({
  code: "EPERM",
  capability,
  message: expect.stringContaining(line),
});

export const hostRefusal = refusal("AllowedConnections", '"AllowedConnections": ["127.0.0.1"]');
