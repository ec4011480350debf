/**
 * An IoT Hub device connection string: `HostName=…;DeviceId=…;SharedAccessKey=…`, or `…;x509=true`.
 *
 * Guarantee: throws only CredentialError, and never quotes its input.
 */

import type { Schema } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { convert, refine, string } from "../../base/schema/values.ts";
import { isBase64Key } from "../../protocol/device-key.ts";
import { isDeviceId, isHost } from "../../protocol/names.ts";
import { CredentialError, type HubTarget } from "./credentials.ts";
import { Secret } from "./secret.ts";

/** A hub in the answer of DPS, or in our own file. */
export const hubTarget: Schema<HubTarget> = convert(
  object({
    host: refine(string(), "a host name", isHost),
    deviceId: refine(string(), "a device id", (id) => isDeviceId(id)),
  }),
  (target) => ({ kind: "hub", ...target }),
);

export interface ConnectionString {
  readonly target: HubTarget;
  /** `undefined`: the device authenticates by a certificate. */
  readonly key: Secret | undefined;
}

const known = ["HostName", "DeviceId", "SharedAccessKey", "x509"];
const remedy =
  "Copy the device's own connection string from the portal: HostName=…;DeviceId=…;SharedAccessKey=….";

/** @throws CredentialError */
export function parseConnectionString(text: string): ConnectionString {
  const parts = new Map<string, string>();
  for (const part of text.trim().split(";")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(0, at));
    if (name === "SharedAccessKeyName") throw malformed("belongs to the hub's service API, not to a device");
    if (!known.includes(name)) throw malformed(`has an unknown part; the parts are ${known.join(", ")}`);
    if (parts.has(name)) throw malformed(`contains ${name} twice`);
    parts.set(name, part.slice(at + 1));
  }
  const host = parts.get("HostName");
  const deviceId = parts.get("DeviceId");
  if (host === undefined || !isHost(host)) throw malformed("has no valid HostName");
  if (deviceId === undefined || !isDeviceId(deviceId)) throw malformed("has no valid DeviceId");
  const target: HubTarget = { kind: "hub", host, deviceId };
  const key = parts.get("SharedAccessKey");
  if (key === undefined) {
    if (parts.get("x509")?.toLowerCase() !== "true")
      throw malformed("has neither SharedAccessKey nor x509=true");
    return { target, key: undefined };
  }
  if (!isBase64Key(key)) throw new CredentialError("bad-key", "The SharedAccessKey is not base64.", remedy);
  return { target, key: new Secret(key) };
}

const malformed = (problem: string) =>
  new CredentialError("malformed", `The connection string ${problem}.`, remedy);
