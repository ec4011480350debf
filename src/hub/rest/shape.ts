/**
 * Devices and twins in the shape of IoT Hub's service REST API, version 2021-04-12
 * (https://learn.microsoft.com/rest/api/iothub/service).
 *
 * Guarantee: keys are only in the identity, which needs a policy with RegistryRead.
 */
import { isoTime } from "../../base/iso-time.ts";
import type { JsonObject } from "../../base/json/value.ts";
import type { Infer } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { nullableOr, oneOf, refine, secret, string } from "../../base/schema/values.ts";
import {
  type Authentication,
  certificateAuthentication,
  type DeviceRecord,
  newKey,
  sasAuthentication,
} from "../registry/record.ts";
import { forService } from "../twin/document.ts";

const never = "0001-01-01T00:00:00Z";
const time = (ms: number | null): string => (ms === null ? never : isoTime(ms));

export function identityOf(record: DeviceRecord, connected: boolean): JsonObject {
  const { authentication } = record;
  const orNull = (text: string): string | null => (text === "" ? null : text);
  return {
    deviceId: record.id,
    generationId: record.generationId,
    etag: record.etag,
    connectionState: connected ? "Connected" : "Disconnected",
    status: record.enabled ? "enabled" : "disabled",
    statusReason: record.statusReason,
    connectionStateUpdatedTime: time(record.connectionChangedMs),
    statusUpdatedTime: never,
    lastActivityTime: time(record.lastActivityMs),
    cloudToDeviceMessageCount: record.queue.length,
    capabilities: { iotEdge: false },
    authentication: {
      type: authentication.type,
      symmetricKey: {
        primaryKey: orNull(authentication.primaryKey),
        secondaryKey: orNull(authentication.secondaryKey),
      },
      x509Thumbprint: {
        primaryThumbprint: orNull(authentication.primaryThumbprint),
        secondaryThumbprint: orNull(authentication.secondaryThumbprint),
      },
    },
  };
}

export const twinEtag = ({ twinVersion }: Pick<DeviceRecord, "twinVersion">): string =>
  Buffer.from(String(twinVersion)).toString("base64");

export function twinOf(record: DeviceRecord, connected: boolean): JsonObject {
  const { authentication } = record;
  return {
    deviceId: record.id,
    etag: twinEtag(record),
    deviceEtag: record.etag,
    status: record.enabled ? "enabled" : "disabled",
    statusUpdateTime: never,
    connectionState: connected ? "Connected" : "Disconnected",
    lastActivityTime: time(record.lastActivityMs),
    cloudToDeviceMessageCount: record.queue.length,
    authenticationType: authentication.type,
    x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null },
    modelId: record.modelId,
    version: record.twinVersion,
    tags: record.tags,
    properties: { desired: forService(record.desired), reported: forService(record.reported) },
    capabilities: { iotEdge: false },
  };
}

const key = nullableOr(secret(refine(string(), "16 to 64 bytes in base64", isKeyOrEmpty)), "");
const thumbprint = nullableOr(
  string({
    pattern: /^(([0-9a-f]{2}:?){20}(([0-9a-f]{2}:?){12})?)?$/i,
    expected: "a SHA-1 or SHA-256 thumbprint in hexadecimal",
  }),
  "",
);
const noKeys = { primaryKey: "", secondaryKey: "" };
const noThumbprints = { primaryThumbprint: "", secondaryThumbprint: "" };

/** The authentication of a device in a request; SDKs send empty keys for absent ones. */
export const authenticationBody = object({
  type: nullableOr(oneOf(["sas", "selfSigned", "certificateAuthority"]), "sas"),
  symmetricKey: nullableOr(object({ primaryKey: key, secondaryKey: key }), noKeys),
  x509Thumbprint: nullableOr(
    object({ primaryThumbprint: thumbprint, secondaryThumbprint: thumbprint }),
    noThumbprints,
  ),
});

/**
 * Absent keys stay unchanged, or are created for a new device.
 * @returns `undefined` when the thumbprint is missing
 */
export function mergeAuthentication(
  wanted: Infer<typeof authenticationBody> | undefined,
  known?: Authentication,
): Authentication | undefined {
  if (wanted === undefined && known !== undefined) return known;
  const { type, symmetricKey: keys, x509Thumbprint: thumbprints } = wanted ?? sasWithoutKeys;
  switch (type) {
    case "certificateAuthority":
      return certificateAuthentication();
    case "selfSigned": {
      const { primaryThumbprint, secondaryThumbprint } = thumbprints;
      if (primaryThumbprint === "") return undefined;
      return certificateAuthentication(primaryThumbprint, secondaryThumbprint);
    }
    case "sas":
      return sasAuthentication(
        keys.primaryKey || known?.primaryKey || newKey(),
        keys.secondaryKey || known?.secondaryKey || newKey(),
      );
  }
}

const sasWithoutKeys = { type: "sas", symmetricKey: noKeys, x509Thumbprint: noThumbprints } as const;

/** IoT Hub's format of keys. */
function isKeyOrEmpty(text: string): boolean {
  const bytes = Buffer.from(text, "base64");
  return text === "" || (bytes.length >= 16 && bytes.length <= 64 && bytes.toString("base64") === text);
}
