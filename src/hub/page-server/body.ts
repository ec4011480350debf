/** JSON bodies of the page's API. Guarantee: a form of another site, which cannot say JSON, is not read as one. */
import { type Context } from "hono";
import { readJson } from "../../base/json/value.ts";
import { type Schema } from "../../base/schema/schema.ts";
import { type Body, bodyAs } from "../body.ts";

/** What the body says, or what is wrong with it. */
export async function readJsonBody<T>(c: Context, schema: Schema<T>): Promise<Body<T>> {
  const type = c.req.header("content-type") ?? "";
  const json = /^application\/json(;|$)/.test(type) ? readJson(await c.req.text()) : undefined;
  return json === undefined
    ? { wrong: "the body must be JSON, sent as application/json" }
    : bodyAs(schema, json);
}
