/**
 * Direct methods: `/twins/{id}/methods`
 * (https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-direct-methods).
 *
 * Guarantee: errors have IoT Hub's format for methods, JSON within JSON: clients need it to distinguish an offline
 * device from one that does not answer.
 */
import type { Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { isoTime } from "../../base/iso-time.ts";
import { object } from "../../base/schema/structures.ts";
import { integer, nullableOr, string, withDefault } from "../../base/schema/values.ts";
import { json } from "../body.ts";
import { methodLimits } from "../mqtt/methods.ts";
import { idOf, needs, type RestParts, readBody } from "./guard.ts";

const faults = {
  ArgumentInvalid: { status: 400, errorCode: 400_004 },
  DeviceNotFound: { status: 404, errorCode: 404_001 },
  DeviceNotOnline: { status: 404, errorCode: 404_103 },
  GatewayTimeout: { status: 504, errorCode: 504_101 },
} as const satisfies Record<string, { status: ContentfulStatusCode; errorCode: number }>;

const methodCall = object({
  methodName: string(),
  payload: withDefault(json, null),
  responseTimeoutInSeconds: nullableOr(integer(5, 300), methodLimits.defaultSeconds),
  connectTimeoutInSeconds: nullableOr(integer(0, 300), 0),
});

export function addMethodRoutes(app: Hono, parts: RestParts): void {
  app.post("/twins/:id/methods", needs(parts, "ServiceConnect"), (c) => invoke(c, parts));
}

async function invoke(c: Context, parts: RestParts): Promise<Response> {
  const id = idOf(c);
  const refuse = (code: keyof typeof faults, message: string, timeoutSeconds?: number) => {
    const info = timeoutSeconds === undefined ? {} : { info: { timeout: span(timeoutSeconds) } };
    const timestampUtc = isoTime(parts.clock.wallNow());
    const { status, errorCode } = faults[code];
    const fault = JSON.stringify({ errorCode, trackingId: "", message, ...info, timestampUtc });
    return c.json({ Message: fault, ExceptionMessage: "" }, status, { "iothub-errorcode": code });
  };
  const body = await readBody(c, methodCall);
  if (parts.devices.get(id) === undefined) return refuse("DeviceNotFound", `there is no device ${id}`);
  if ("problem" in body) return refuse("ArgumentInvalid", body.problem);
  const { methodName, payload, responseTimeoutInSeconds, connectTimeoutInSeconds: connect } = body.value;
  const outcome = await parts.operations.invoke(id, methodName, payload, responseTimeoutInSeconds, connect);
  if (!("failed" in outcome)) return c.json({ status: outcome.status, payload: outcome.payload });
  switch (outcome.failed) {
    case "malformed":
      return refuse("ArgumentInvalid", outcome.why);
    case "offline":
      return refuse("DeviceNotOnline", outcome.why, connect);
    case "timeout":
      return refuse("GatewayTimeout", outcome.why, responseTimeoutInSeconds);
  }
}

/** Seconds as a .NET TimeSpan: 00:05:00. */
const span = (total: number): string => new Date(total * 1000).toISOString().slice(11, 19);
