/** JSON bodies of the page's API. Guarantee: a form of another site, which cannot say JSON, is not read as one. */
import type { Context } from "hono";
import { type Json, readJson } from "../../base/json/value.ts";

/** `undefined`: no JSON, or not said to be. */
export async function readJsonBody(c: Context): Promise<Json | undefined> {
  const type = c.req.header("content-type") ?? "";
  return /^application\/json(;|$)/.test(type) ? readJson(await c.req.text()) : undefined;
}
