/**
 * Access control of the service API: shared access policies, entity tags and errors, as in IoT Hub.
 *
 * Guarantee: a guarded route runs only with a valid signature of a policy that has one of the required rights.
 */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Clock } from "../../base/clock.ts";
import { readJson } from "../../base/json/value.ts";
import type { Log } from "../../base/log.ts";
import type { Schema } from "../../base/schema/schema.ts";
import { type Body, bodyAs } from "../body.ts";
import { bareHost, type NameList } from "../host-names.ts";
import type { HubCore } from "../hub-core.ts";
import { type Right, rightsOf } from "../storage/hub-settings.ts";
import { parseSas, verifySas } from "./sas.ts";

export interface RestParts
  extends Pick<HubCore, "once" | "settings" | "devices" | "links" | "twins" | "operations"> {
  readonly clock: Clock;
  readonly log: Log;
  readonly hostNames: NameList;
}

/** Guards a route. @param rights any of them is enough */
export const needs =
  ({ clock, once, settings, hostNames }: RestParts, ...rights: Right[]) =>
  async (c: Context, next: () => Promise<void>): Promise<Response | undefined> => {
    const token = parseSas(c.req.header("authorization") ?? "");
    const keys = token?.policy === undefined ? undefined : settings.policy(token.policy);
    const mayUse = (resource: string) => hostNames.includes(bareHost(resource.split("/")[0] ?? ""));
    const verdict = verifySas(
      token,
      [keys?.primaryKey ?? "", keys?.secondaryKey ?? ""],
      mayUse,
      clock.wallNow(),
    );
    if (!verdict.ok) {
      once.warn("hub-rest-refused", token?.policy ?? "nobody", verdict.failure);
      return fail(c, 401, "IotHubUnauthorizedAccess", `Unauthorized: ${verdict.failure}`);
    }
    const has = rightsOf(token?.policy);
    if (!rights.some((right) => has.includes(right))) {
      return fail(c, 401, "IotHubUnauthorizedAccess", `the policy has none of ${rights.join(", ")}`);
    }
    await next();
    return undefined;
  };

/** An error in IoT Hub's format: its service SDK parses the code from the message. */
export const fail = (c: Context, status: ContentfulStatusCode, code: string, message: string): Response =>
  c.json({ Message: `ErrorCode:${code};${message}`, ExceptionMessage: "" }, status, {
    "iothub-errorcode": code,
  });

/** `undefined`: not JSON. */
export async function readBody<T>(c: Context, schema: Schema<T>): Promise<Body<T>> {
  const json = readJson(await c.req.text());
  return json === undefined ? { problem: "the body must be JSON" } : bodyAs(schema, json);
}

/** Whether the request's If-Match allows the change. @param etag the current tag */
export const matchesEtag = (c: Context, etag: string): boolean => isSameEtag(c.req.header("if-match"), etag);

/** @param wanted one entity tag, several, or `*`; quoted or not, weak (`W/"…"`) or not */
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

/** The device id in the route. */
export const idOf = (c: Context): string => c.req.param("id") ?? "";

export const unknownDevice = (c: Context): Response =>
  fail(c, 404, "DeviceNotFound", `there is no device ${idOf(c)}`);

export const changedMeanwhile = (c: Context): Response =>
  fail(c, 412, "PreconditionFailed", "it has changed since it was read: get it again");
