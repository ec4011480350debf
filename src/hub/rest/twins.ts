/** `/twins/{id}`. */
import type { Context, Hono } from "hono";
import { object } from "../../base/schema/structures.ts";
import { optional, withDefault } from "../../base/schema/values.ts";
import { json } from "../body.ts";
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

const twin = object({
  tags: optional(json),
  properties: withDefault(object({ desired: optional(json), reported: optional(json) }), {}),
});

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
  const body = await readBody(c, twin);
  if ("problem" in body) return fail(c, 400, "ArgumentInvalid", body.problem);
  // The current state: it may have changed while the body was read.
  if (!matchesEtag(c, twinEtag(parts.devices.get(id) ?? known))) return changedMeanwhile(c);
  const { tags, properties } = body.value;
  if ("reported" in properties && !replace) {
    return fail(c, 400, "ArgumentInvalid", "only the device can write reported properties");
  }
  const desired = "desired" in properties ? properties.desired : undefined;
  const edited = await parts.twins.edit(id, { replace, tags, desired });
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
