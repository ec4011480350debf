/**
 * Validates a device identity from a service client and builds its record.
 *
 * Guarantee: members that are absent stay unchanged; unsupported features are refused.
 */

import { object } from "../../base/schema/structures.ts";
import { boolean, nullable, nullableOr, oneOf, optional, string } from "../../base/schema/values.ts";
import { isDeviceId } from "../../protocol/names.ts";
import { bodyAs } from "../body.ts";
import { maxDevices } from "../registry/devices.ts";
import { type DeviceRecord, newDevice, newEtag } from "../registry/record.ts";
import type { RestParts } from "./guard.ts";
import { authenticationBody, mergeAuthentication } from "./shape.ts";

export interface IdentityRefused {
  readonly code: "ArgumentInvalid" | "TooManyDevices";
  readonly why: string;
}

const maxReasonLength = 128;

/** As IoT Hub's SDKs send it: with `null` for absent members, and with unknown ones. */
const identity = object({
  status: nullableOr(oneOf(["enabled", "disabled"]), undefined),
  statusReason: optional(nullable(string())),
  capabilities: nullableOr(object({ iotEdge: nullableOr(boolean, false) }), undefined),
  authentication: nullableOr(authenticationBody, undefined),
});

/** @param body a device identity */
export function planIdentity(parts: RestParts, id: string, body: unknown): DeviceRecord | IdentityRefused {
  const invalid = (why: string): IdentityRefused => ({ code: "ArgumentInvalid", why });
  if (!isDeviceId(id))
    return invalid("a device id has 1 to 128 letters, digits and - . % _ # * ? ! ( ) , : = @ $ '");
  const wanted = bodyAs(identity, body);
  if ("problem" in wanted) return invalid(wanted.problem);
  const { status, statusReason: reason, capabilities } = wanted.value;
  if (capabilities?.iotEdge === true) {
    return invalid("this hub has no edge devices: capabilities.iotEdge must be false");
  }
  const known = parts.devices.get(id);
  if (known === undefined && parts.devices.size >= maxDevices) {
    return { code: "TooManyDevices", why: `this hub has its maximum of ${maxDevices} devices` };
  }
  const authentication = mergeAuthentication(wanted.value.authentication, known?.authentication);
  if (authentication === undefined) return invalid("authentication of type selfSigned has no thumbprint");
  const kept = known ?? newDevice(id, authentication, parts.clock.wallNow());
  return {
    ...kept,
    authentication,
    etag: newEtag(),
    enabled: status === undefined ? kept.enabled : status === "enabled",
    statusReason: reason === undefined ? kept.statusReason : (reason?.slice(0, maxReasonLength) ?? null),
  };
}
