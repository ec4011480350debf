/** The bodies of the page's requests, as `api.ts` lists them: what each must be. */
import { type Schema } from "../../base/schema/schema.ts";
import { map, object } from "../../base/schema/structures.ts";
import { boolean, integer, number, oneOf, optional, orElse, secret, string } from "../../base/schema/values.ts";
import { json } from "../body.ts";
import { type CableRequest, type CommandCall, type DesiredEdit, type OfflineCommand, type PanelPress, type SignIn, type ThrottleRequest } from "./api.ts";

const name = { pattern: /./s, says: "the name of a command" };

export const signIn: Schema<SignIn> = object({ password: secret(string()) });
export const cableRequest: Schema<CableRequest> = object({
  state: oneOf(["connected", "close", "reset", "silence"]),
});
export const throttleRequest: Schema<ThrottleRequest> = object({ on: boolean });
export const panelPress: Schema<PanelPress> = object({
  key: oneOf(["a", "b", "mode", "window"]),
  down: boolean,
});
export const desiredEdit: Schema<DesiredEdit> = object({
  properties: map(json),
  ifVersion: optional(integer()),
});
export const commandCall: Schema<CommandCall> = object({
  name: string(),
  payload: orElse(json, null),
  timeoutSeconds: optional(number()),
});
/** Without a payload, or with `null`: a command that takes nothing. */
export const offlineCommand: Schema<OfflineCommand> = object({
  name: string(name),
  payload: orElse(json, null),
  ttlSeconds: optional(number()),
});
