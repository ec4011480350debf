/**
 * Folder rest/: the service side, as Azure's own service SDKs speak it.
 *
 * The service side over HTTPS: IoT Hub's routes, guarded by its shared access policies, so that Azure's own service
 * SDK works unchanged. Cloud-to-device messages go by a route of the hub's own, since Azure has AMQP for them.
 *
 * Guarantee: nothing is answered without a signature made with a key of a policy that has the right; bodies beyond
 * the limit are refused unread.
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

function restApp(parts: RestParts): Hono {
  const app = new Hono();
  app.use(
    bodyLimit({
      maxSize: maxBytes,
      onError: (c) => fail(c, 413, "RequestTooLarge", "the body is too large"),
    }),
  );
  app.onError((error, c) => {
    parts.log.error("hub-rest-failed", { path: c.req.path, reason: error.message });
    return fail(c, 500, "InternalServerError", "the hub could not do that");
  });
  app.notFound((c) => fail(c, 404, "InvalidOperation", "this hub has no such route"));
  addDeviceRoutes(app, parts);
  addTwinRoutes(app, parts);
  addMethodRoutes(app, parts);
  addMissing(app, parts);
  return app;
}

/** What Azure's service SDKs ask for and this hub does not have. */
const missing: Readonly<Record<string, readonly string[]>> = {
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

function addMissing(app: Hono, parts: RestParts): void {
  const someRight = needs(parts, "RegistryRead", "RegistryWrite", "ServiceConnect");
  for (const [what, paths] of Object.entries(missing)) {
    for (const path of paths) {
      app.all(path, someRight, (c) => fail(c, 501, "FeatureNotSupported", `this hub has no ${what}`));
    }
  }
}
