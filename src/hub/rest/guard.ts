/**
 * The guard of the service side: shared access policies, entity tags and refusals, as IoT Hub has them.
 *
 * Guarantee: a guarded route runs only for a signature made with a key of a policy that has one of its rights.
 */
import { type Context } from "hono";
import { type ContentfulStatusCode } from "hono/utils/http-status";
import { readJson } from "../../base/json/value.ts";
import { bareHost, type KnownNames } from "../host-names.ts";
import { type HubCore } from "../hub-core.ts";
import { type Schema } from "../../base/schema/schema.ts";
import { type Body, bodyAs } from "../body.ts";
import { type Right, rightsOf } from "../storage/hub-settings.ts";
import { parseSas, verifySas } from "./sas.ts";

export interface RestParts {
  readonly core: HubCore;
  readonly hostNames: KnownNames;
}

/** Guards a route. @param rights any of them is enough */
export const needs =
  ({ core, hostNames }: RestParts, ...rights: Right[]) =>
  async (c: Context, next: () => Promise<void>): Promise<Response | undefined> => {
    const token = parseSas(c.req.header("authorization") ?? "");
    const keys = token?.policy === undefined ? undefined : core.settings.policy(token.policy);
    const mayUse = (resource: string) => hostNames.includes(bareHost(resource.split("/")[0] ?? ""));
    const verdict = verifySas(
      token,
      [keys?.primaryKey ?? "", keys?.secondaryKey ?? ""],
      mayUse,
      core.clock.wallNow(),
    );
    if (!verdict.ok) {
      core.once.warn("hub-rest-refused", token?.policy ?? "nobody", verdict.failure);
      return fail(c, 401, "IotHubUnauthorizedAccess", `Unauthorized: ${verdict.failure}`);
    }
    const has = rightsOf(token?.policy);
    if (!rights.some((right) => has.includes(right))) {
      return fail(c, 401, "IotHubUnauthorizedAccess", `the policy has none of ${rights.join(", ")}`);
    }
    await next();
    return undefined;
  };

/** An error in IoT Hub's words: its service SDK reads the code out of the message. */
export const fail = (c: Context, status: ContentfulStatusCode, code: string, message: string): Response =>
  c.json({ Message: `ErrorCode:${code};${message}`, ExceptionMessage: "" }, status, {
    "iothub-errorcode": code,
  });

/** `undefined`: not JSON. */
export async function readBody<T>(c: Context, schema: Schema<T>): Promise<Body<T>> {
  const json = readJson(await c.req.text());
  return json === undefined ? { wrong: "the body must be JSON" } : bodyAs(schema, json);
}

/** @param etag what stands now. `true` when the request's If-Match lets the change through */
export const matchesEtag = (c: Context, etag: string): boolean => isSameEtag(c.req.header("if-match"), etag);

/** One entity tag, several, or `*`; quoted or not, weak (`W/"…"`) or not: all versions here are exact. */
export function isSameEtag(wanted: string | undefined, etag: string): boolean {
  if (wanted === undefined) return true;
  const tags = wanted.split(",").map((each) =>
    each
      .trim()
      .replace(/^W\/(?=")/, "")
      .replaceAll('"', ""),
  );
  return tags.some((each) => each === "*" || each === etag);
}

export const etagHeader = (etag: string): { readonly ETag: string } => ({ ETag: `"${etag}"` });

/** The device that the route names. */
export const idOf = (c: Context): string => c.req.param("id") ?? "";

export const unknownDevice = (c: Context): Response =>
  fail(c, 404, "DeviceNotFound", `there is no device ${idOf(c)}`);

export const changedMeanwhile = (c: Context): Response =>
  fail(c, 412, "PreconditionFailed", "it was changed meanwhile: get it again");
