/**
 * Folder rest/: the service API, for Azure's own service SDKs.
 *
 * IoT Hub's routes over HTTPS with its shared access policies, so that Azure's service SDK works unchanged.
 * Cloud-to-device messages have a route of their own, since Azure uses AMQP for them.
 *
 * Guarantee: every route needs a signature of a policy with the required right; too large bodies are rejected unread.
 */
import { createServer as createHttpsServer } from "node:https";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { httpLimits, type Listening, listen } from "../listening.ts";
import type { CertificatePair } from "../storage/certificates.ts";
import { addDeviceRoutes } from "./devices.ts";
import { fail, needs, type RestParts } from "./guard.ts";
import { addMethodRoutes } from "./methods.ts";
import { addTwinRoutes } from "./twins.ts";

const maxBytes = 256 * 1024;

export async function openRest(
  parts: RestParts,
  pair: CertificatePair,
  host: string,
  port: number,
): Promise<Listening & { renew(pair: CertificatePair): void }> {
  const app = restApp(parts);
  const server = createAdaptorServer({
    fetch: app.fetch,
    createServer: createHttpsServer,
    serverOptions: { ...httpLimits, ...pair, minVersion: "TLSv1.2" },
  });
  const listening = await listen(server, parts, host, port);
  return {
    ...listening,
    renew: (next) => {
      if ("setSecureContext" in server) server.setSecureContext({ ...next, minVersion: "TLSv1.2" });
    },
  };
}

/** The routes alone, for a server or a test. */
export function restApp(parts: RestParts): Hono {
  const app = new Hono();
  app.use(
    bodyLimit({
      maxSize: maxBytes,
      onError: (c) => fail(c, 413, "RequestTooLarge", "the body is too large"),
    }),
  );
  app.onError((error, c) => {
    parts.log.error("hub-rest-failed", { path: c.req.path, reason: error.message });
    return fail(c, 500, "InternalServerError", "the hub failed; see its log");
  });
  app.notFound((c) => fail(c, 404, "InvalidOperation", "this hub has no such route"));
  addDeviceRoutes(app, parts);
  addTwinRoutes(app, parts);
  addMethodRoutes(app, parts);
  addUnsupported(app, parts);
  return app;
}

/** Routes of Azure's service SDKs that this hub does not support. */
const unsupported: Readonly<Record<string, readonly string[]>> = {
  modules: [
    "/devices/:id/modules",
    "/devices/:id/modules/:module",
    "/twins/:id/modules/:module",
    "/twins/:id/modules/:module/methods",
  ],
  configurations: [
    "/configurations",
    "/configurations/:name",
    "/configurations/testQueries",
    "/devices/:id/applyConfigurationContent",
  ],
  jobs: ["/jobs", "/jobs/v2", "/jobs/:name", "/jobs/v2/:name", "/jobs/v2/:name/cancel"],
  "digital twins": ["/digitaltwins/:id", "/digitaltwins/:id/commands/:name"],
  "file uploads": ["/devices/:id/files", "/devices/:id/files/notifications"],
  "feedback on messages": ["/messages/serviceBound/feedback", "/messages/serviceBound/filenotifications"],
};

function addUnsupported(app: Hono, parts: RestParts): void {
  const someRight = needs(parts, "RegistryRead", "RegistryWrite", "ServiceConnect");
  for (const [what, paths] of Object.entries(unsupported)) {
    for (const path of paths) {
      app.all(path, someRight, (c) => fail(c, 501, "FeatureNotSupported", `this hub has no ${what}`));
    }
  }
}
