/**
 * Schemas of the page's request bodies, as `api.ts` lists them.
 *
 * Guarantee: accepts only `application/json`, which a form of another site cannot send.
 */
import type { Context } from "hono";
import { readJson } from "../../base/json/value.ts";
import type { Schema } from "../../base/schema/schema.ts";
import { map, object } from "../../base/schema/structures.ts";
import {
  boolean,
  integer,
  number,
  oneOf,
  optional,
  secret,
  string,
  withDefault,
} from "../../base/schema/values.ts";
import { type Body, bodyAs, json } from "../body.ts";
import type {
  CableRequest,
  CommandCall,
  DesiredEdit,
  OfflineCommand,
  PanelPress,
  SignIn,
  ThrottleRequest,
} from "./api.ts";
import type { RollOutChange } from "./api-roll-outs.ts";
import type { FaultSimulation, SettingsEdit } from "./api-settings.ts";
import type { Enrolment } from "./enrolment/api.ts";

const name = { pattern: /./s, expected: "the name of a command" };

export const signIn: Schema<SignIn> = object({ password: secret(string()) });
export const cableRequest: Schema<CableRequest> = object({
  state: oneOf(["connected", "close", "reset", "silence"]),
});
export const throttleRequest: Schema<ThrottleRequest> = object({ on: boolean });
export const panelPress: Schema<PanelPress> = object({
  key: oneOf(["a", "b", "mode", "window"]),
  down: boolean,
});
export const faultSimulation: Schema<FaultSimulation> = object({
  fault: string(undefined, 32),
  active: boolean,
});
export const rollOutChange: Schema<RollOutChange> = object({
  name: string(undefined, 100),
  action: oneOf(["stop", "resume"]),
});
export const desiredEdit: Schema<DesiredEdit> = object({
  properties: map(json),
  ifVersion: optional(integer()),
});
export const enrolment: Schema<Enrolment> = object({ id: string() });
export const settingsEdit: Schema<SettingsEdit> = object({ changes: map(json) });
export const commandCall: Schema<CommandCall> = object({
  name: string(),
  payload: withDefault(json, null),
  timeoutSeconds: optional(number()),
});
/** The payload is absent or `null` for a command without one. */
export const offlineCommand: Schema<OfflineCommand> = object({
  name: string(name),
  payload: withDefault(json, null),
  ttlSeconds: optional(number()),
});

export async function readJsonBody<T>(c: Context, schema: Schema<T>): Promise<Body<T>> {
  const type = c.req.header("content-type") ?? "";
  const body = /^application\/json(;|$)/.test(type) ? readJson(await c.req.text()) : undefined;
  return body === undefined
    ? { problem: "the body must be JSON, sent as application/json" }
    : bodyAs(schema, body);
}
