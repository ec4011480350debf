/**
 * An IoT Hub device connection string: `HostName=…;DeviceId=…;SharedAccessKey=…`, or `…;x509=true`.
 *
 * Guarantee: never throws but CredentialError, and never quotes what it was given.
 */

import { isBase64Key } from "../../protocol/device-key.ts";
import { isHost } from "../../protocol/host.ts";
import { isDeviceId } from "../../protocol/ids.ts";
import { CredentialError, type HubWay } from "./credentials.ts";
import { Secret } from "./secret.ts";

export interface ConnectionString {
  readonly way: HubWay;
  /** `undefined`: a certificate proves the device. */
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
    if (name === "SharedAccessKeyName") throw malformed("is one of the hub's service, not of a device");
    if (!known.includes(name)) throw malformed(`has a part that is none of ${known.join(", ")}`);
    if (parts.has(name)) throw malformed(`names ${name} twice`);
    parts.set(name, part.slice(at + 1));
  }
  const host = parts.get("HostName");
  const deviceId = parts.get("DeviceId");
  if (host === undefined || !isHost(host)) throw malformed("has no right HostName");
  if (deviceId === undefined || !isDeviceId(deviceId)) throw malformed("has no right DeviceId");
  const way: HubWay = { kind: "hub", host, deviceId };
  const key = parts.get("SharedAccessKey");
  if (key === undefined) {
    if (parts.get("x509")?.toLowerCase() !== "true")
      throw malformed("has neither SharedAccessKey nor x509=true");
    return { way, key: undefined };
  }
  if (!isBase64Key(key)) throw new CredentialError("bad-key", "The SharedAccessKey is not base64.", remedy);
  return { way, key: new Secret(key) };
}

const malformed = (what: string) =>
  new CredentialError("malformed", `The connection string ${what}.`, remedy);

/** IoT Hub's identity registry: at most 128 ASCII letters, digits and some signs. */
