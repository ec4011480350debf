/**
 * What a caller of the service side asks of a device's identity, made into the record that it would be.
 *
 * Guarantee: what the caller does not name of a known device stays as it is; what this hub cannot do is refused.
 */

import { object } from "../../base/schema/structures.ts";
import { boolean, nullable, oneOf, optional, presentOr, string } from "../../base/schema/values.ts";
import { bodyAs } from "../body.ts";
import { mostDevices } from "../registry/devices.ts";
import { authenticationBody, wantedAuthentication } from "./shape.ts";
import { isDeviceId } from "../../protocol/ids.ts";
import type { HubCore } from "../hub-core.ts";
import { type DeviceRecord, newDevice, newEtag } from "../registry/record.ts";

export interface IdentityRefused {
  readonly code: "ArgumentInvalid" | "TooManyDevices";
  readonly why: string;
}

const longestReason = 128;

/** As IoT Hub's SDKs send it: `null` for what is left out, and members that this hub does not know. */
const identity = object({
  status: presentOr(oneOf(["enabled", "disabled"]), undefined),
  statusReason: optional(nullable(string())),
  capabilities: presentOr(object({ iotEdge: presentOr(boolean, false) }), undefined),
  authentication: presentOr(authenticationBody, undefined),
});

/** @param body a device identity */
export function planIdentity(core: HubCore, id: string, body: unknown): DeviceRecord | IdentityRefused {
  const invalid = (why: string): IdentityRefused => ({ code: "ArgumentInvalid", why });
  if (!isDeviceId(id))
    return invalid("a device id has 1 to 128 letters, digits and - . % _ # * ? ! ( ) , : = @ $ '");
  const wanted = bodyAs(identity, body);
  if ("wrong" in wanted) return invalid(wanted.wrong);
  const { status, statusReason: reason, capabilities } = wanted.value;
  if (capabilities?.iotEdge === true) {
    return invalid("this hub has no edge devices: capabilities.iotEdge must be false");
  }
  const known = core.devices.get(id);
  if (known === undefined && core.devices.size >= mostDevices) {
    return { code: "TooManyDevices", why: `this hub takes ${mostDevices} devices` };
  }
  const authentication = wantedAuthentication(wanted.value.authentication, known?.authentication);
  if (authentication === undefined) return invalid("authentication of type selfSigned lacks a thumbprint");
  const kept = known ?? newDevice(id, authentication, core.clock.wallNow());
  return {
    ...kept,
    authentication,
    etag: newEtag(),
    enabled: status === undefined ? kept.enabled : status === "enabled",
    statusReason: reason === undefined ? kept.statusReason : (reason?.slice(0, longestReason) ?? null),
  };
}
