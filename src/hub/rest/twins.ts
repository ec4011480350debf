/** Twins: `/twins/{id}`. */
import type { Context, Hono } from "hono";
import { isObject, member } from "../json-value.ts";
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
import { twinEtag, twinOf } from "./shape.ts";

export function addTwinRoutes(app: Hono, parts: RestParts): void {
  const service = needs(parts, "ServiceConnect");
  app.get("/twins/:id", service, (c) => {
    const record = parts.devices.get(idOf(c));
    if (record === undefined) return unknownDevice(c);
    return c.json(
      twinOf(record, parts.links.get(record.id)?.ready === true),
      200,
      etagHeader(twinEtag(record)),
    );
  });
  app.patch("/twins/:id", service, (c) => editTwin(c, parts, false));
  app.put("/twins/:id", service, (c) => editTwin(c, parts, true));
}

async function editTwin(c: Context, parts: RestParts, replace: boolean): Promise<Response> {
  const id = idOf(c);
  const known = parts.devices.get(id);
  if (known === undefined) return unknownDevice(c);
  const body = await readBody(c);
  if (!isObject(body)) return fail(c, 400, "ArgumentInvalid", "a twin must be a JSON object");
  // What stands now, not what stood before the body was read.
  if (!matchesEtag(c, twinEtag(parts.devices.get(id) ?? known))) return changedMeanwhile(c);
  const properties = member(body, "properties");
  if (properties !== undefined && !isObject(properties)) {
    return fail(c, 400, "ArgumentInvalid", "a twin's properties must be a JSON object");
  }
  if (member(properties, "reported") !== undefined && !replace) {
    return fail(c, 400, "ArgumentInvalid", "reported properties are the device's");
  }
  const edited = await parts.twins.edit(id, {
    replace,
    tags: member(body, "tags"),
    desired: member(properties, "desired"),
  });
  if (!("refused" in edited)) {
    const { record } = edited;
    return c.json(twinOf(record, parts.links.get(id)?.ready === true), 200, etagHeader(twinEtag(record)));
  }
  switch (edited.refused) {
    case "not-found":
      return unknownDevice(c);
    case "too-large":
      return fail(c, 413, "RequestTooLarge", edited.why);
    case "malformed":
      return fail(c, 400, "ArgumentInvalid", edited.why);
  }
}
