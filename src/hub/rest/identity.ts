/**
 * What a caller of the service side asks of a device's identity, made into the record that it would be.
 *
 * Guarantee: what the caller does not name of a known device stays as it is; what this hub cannot do is refused.
 */

import { isDeviceId } from "../../protocol/names.ts";
import { type JsonObject, member, textMember } from "../json-value.ts";
import { mostDevices } from "../registry/devices.ts";
import { type DeviceRecord, newDevice, newEtag } from "../registry/record.ts";
import type { RestParts } from "./guard.ts";
import { wantedAuthentication } from "./shape.ts";

export interface IdentityRefused {
  readonly code: "ArgumentInvalid" | "TooManyDevices";
  readonly why: string;
}

const longestReason = 128;

/** @param wanted members of a device identity; others are passed over */
export function planIdentity(
  parts: Pick<RestParts, "clock" | "devices">,
  id: string,
  wanted: JsonObject,
): DeviceRecord | IdentityRefused {
  const invalid = (why: string): IdentityRefused => ({ code: "ArgumentInvalid", why });
  if (!isDeviceId(id))
    return invalid("a device id has 1 to 128 letters, digits and - . % _ # * ? ! ( ) , : = @ $ '");
  if (member(member(wanted, "capabilities"), "iotEdge") === true) {
    return invalid("this hub has no edge devices: capabilities.iotEdge must be false");
  }
  const status = member(wanted, "status") ?? undefined;
  if (status !== undefined && status !== "enabled" && status !== "disabled") {
    return invalid("status must be enabled or disabled");
  }
  const known = parts.devices.get(id);
  if (known === undefined && parts.devices.size >= mostDevices) {
    return { code: "TooManyDevices", why: `this hub takes ${mostDevices} devices` };
  }
  const authentication = wantedAuthentication(wanted, known?.authentication);
  if (authentication === undefined) return invalid("authentication is malformed");
  const kept = known ?? newDevice(id, authentication, parts.clock.wallNow());
  const reason = member(wanted, "statusReason");
  return {
    ...kept,
    authentication,
    etag: newEtag(),
    enabled: status === undefined ? kept.enabled : status === "enabled",
    statusReason:
      reason === undefined
        ? kept.statusReason
        : (textMember(wanted, "statusReason")?.slice(0, longestReason) ?? null),
  };
}
