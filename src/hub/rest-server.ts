/**
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
import type { CertificatePair } from "./certificates.ts";
import { httpLimits, type Listening, listen } from "./listening.ts";
import { addDeviceRoutes } from "./rest-devices.ts";
import { fail, type RestParts } from "./rest-guard.ts";
import { addTwinRoutes } from "./rest-twins.ts";

const mostBytes = 256 * 1024;

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
  const listening = await listen(server, parts.core, host, port);
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
      maxSize: mostBytes,
      onError: (c) => fail(c, 413, "RequestTooLarge", "the body is too large"),
    }),
  );
  app.onError((error, c) => {
    parts.core.log.error("hub-rest-failed", { path: c.req.path, reason: error.message });
    return fail(c, 500, "InternalServerError", "the hub could not do that");
  });
  app.notFound((c) => fail(c, 404, "InvalidOperation", "this hub has no such route"));
  addDeviceRoutes(app, parts);
  addTwinRoutes(app, parts);
  return app;
}
