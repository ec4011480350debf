/** `/devices`, its query and statistics, and the hub's own route for cloud-to-device messages. */
import type { Context, Hono } from "hono";
import { type Json, textOfJson } from "../../base/json/value.ts";
import { map, object } from "../../base/schema/structures.ts";
import { convert, nullableOr, number, string } from "../../base/schema/values.ts";
import { json } from "../body.ts";
import { parseQuery } from "../registry/query.ts";
import type { DeviceRecord } from "../registry/record.ts";
import { changeMany } from "./bulk.ts";
import {
  changedMeanwhile,
  etagHeader,
  fail,
  idOf,
  matchesEtag,
  needs,
  type RestParts,
  readBody,
  unknownDevice,
} from "./guard.ts";
import { planIdentity } from "./identity.ts";
import { identityOf, twinOf } from "./shape.ts";

/** Validated in identity.ts. */
const identityBody = map(json);
const queryBody = object({ query: string() });
const messageBody = object({
  payload: json,
  /** `method-name` makes it an offline command. */
  properties: nullableOr(convert(map(json), asTexts), {}),
  ttlSeconds: nullableOr(number(), undefined),
  messageId: nullableOr(string(), undefined),
});

const maxListed = 1000;
const defaultPageSize = 100;

export function addDeviceRoutes(app: Hono, parts: RestParts): void {
  const isConnected = (id: string) => parts.links.get(id)?.ready === true;
  const read = needs(parts, "RegistryRead");
  const write = needs(parts, "RegistryWrite");
  const identity = (c: Context, record: DeviceRecord) =>
    c.json(identityOf(record, isConnected(record.id)), 200, etagHeader(record.etag));

  app.get("/devices/", read, (c) => listDevices(c, parts));
  app.get("/devices", read, (c) => listDevices(c, parts));
  app.get("/devices/:id", read, (c) => {
    const record = parts.devices.get(idOf(c));
    return record === undefined ? unknownDevice(c) : identity(c, record);
  });
  app.post("/devices/", write, (c) => changeMany(c, parts));
  app.post("/devices", write, (c) => changeMany(c, parts));
  app.put("/devices/:id", write, (c) => putDevice(c, parts));
  app.delete("/devices/:id", write, async (c) => {
    const record = parts.devices.get(idOf(c));
    if (record === undefined) return unknownDevice(c);
    if (!matchesEtag(c, record.etag)) return changedMeanwhile(c);
    await parts.operations.removeDevice(record.id);
    return c.body(null, 204);
  });
  app.post("/devices/query", needs(parts, "RegistryRead", "ServiceConnect"), (c) => queryDevices(c, parts));
  app.get("/statistics/devices", read, (c) => {
    const all = parts.devices.all();
    const enabledDeviceCount = all.filter(({ enabled }) => enabled).length;
    const totalDeviceCount = all.length;
    return c.json({
      totalDeviceCount,
      enabledDeviceCount,
      disabledDeviceCount: totalDeviceCount - enabledDeviceCount,
    });
  });
  app.get("/statistics/service", needs(parts, "ServiceConnect"), (c) =>
    c.json({ connectedDeviceCount: parts.links.size }),
  );
  app.post("/devices/:id/messages/devicebound", needs(parts, "ServiceConnect"), (c) => sendMessage(c, parts));
}

function listDevices(c: Context, parts: RestParts): Response {
  const top = Math.min(maxListed, Math.max(1, Number(c.req.query("top")) || maxListed));
  const records = parts.devices.all().slice(0, top);
  return c.json(records.map((record) => identityOf(record, parts.links.get(record.id)?.ready === true)));
}

async function putDevice(c: Context, parts: RestParts): Promise<Response> {
  const id = idOf(c);
  const body = await readBody(c, identityBody);
  if ("problem" in body) return fail(c, 400, "ArgumentInvalid", body.problem);
  if ((body.value["deviceId"] ?? id) !== id) {
    return fail(c, 400, "ArgumentInvalid", "deviceId must match the address");
  }
  const known = parts.devices.get(id);
  const isUpdate = c.req.header("if-match") !== undefined;
  if (known === undefined && isUpdate) return unknownDevice(c);
  if (known !== undefined && !isUpdate)
    return fail(c, 409, "DeviceAlreadyExists", `${id} is registered already`);
  if (known !== undefined && !matchesEtag(c, known.etag)) return changedMeanwhile(c);
  const record = planIdentity(parts, id, body.value);
  if ("code" in record) return fail(c, record.code === "TooManyDevices" ? 403 : 400, record.code, record.why);
  await parts.operations.putDevice(record, known === undefined ? "registered" : "registration changed");
  return c.json(identityOf(record, parts.links.get(id)?.ready === true), 200, etagHeader(record.etag));
}

async function queryDevices(c: Context, parts: RestParts): Promise<Response> {
  const body = await readBody(c, queryBody);
  if ("problem" in body) return fail(c, 400, "ArgumentInvalid", body.problem);
  const query = parseQuery(body.value.query);
  if (!query.ok) return fail(c, 400, "ArgumentInvalid", query.message);
  const size = Math.min(
    maxListed,
    Math.max(1, Number(c.req.header("x-ms-max-item-count")) || defaultPageSize),
  );
  // The token is the last id of the previous page: devices added or removed between pages shift nothing.
  const after = Buffer.from(c.req.header("x-ms-continuation") ?? "", "base64").toString();
  const found: Json[] = [];
  let last = "";
  for (const record of parts.devices.all()) {
    if (record.id <= after && after !== "") continue;
    const twin = twinOf(record, parts.links.get(record.id)?.ready === true);
    if (!query.matches(twin)) continue;
    if (found.length === size) {
      c.header("x-ms-continuation", Buffer.from(last).toString("base64"));
      break;
    }
    found.push(twin);
    last = record.id;
  }
  return c.json(found, 200, { "x-ms-item-type": "Twin" });
}

async function sendMessage(c: Context, parts: RestParts): Promise<Response> {
  const body = await readBody(c, messageBody);
  if ("problem" in body) return fail(c, 400, "ArgumentInvalid", body.problem);
  const { payload, properties, ttlSeconds, messageId } = body.value;
  const queued = await parts.operations.sendMessage(idOf(c), {
    body: typeof payload === "string" ? payload : JSON.stringify(payload),
    properties,
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    ...(messageId === undefined ? {} : { messageId: messageId.slice(0, 128) }),
  });
  if ("message" in queued) {
    const { messageId: id, expiresMs } = queued.message;
    return c.json({ messageId: id, expiresMs }, 202);
  }
  switch (queued.refused) {
    case "not-found":
      return unknownDevice(c);
    case "full":
      return fail(c, 403, "DeviceMaximumQueueDepthExceeded", queued.why);
    case "too-large":
      return fail(c, 413, "MessageTooLarge", queued.why);
    case "malformed":
      return fail(c, 400, "ArgumentInvalid", queued.why);
  }
}

function asTexts(properties: Readonly<Record<string, Json>>): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, textOfJson(value)]));
}
