/**
 * Devices and twins in the shape of IoT Hub's service REST API, version 2021-04-12
 * (https://learn.microsoft.com/rest/api/iothub/service).
 *
 * Guarantee: keys are in a device's identity, which takes a policy with RegistryRead, and nowhere else.
 */
import { isoTime } from "../../base/iso-time.ts";
import type { Json, JsonObject } from "../../base/json/value.ts";
import { member, textMember } from "../../base/json/value.ts";
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

/**
 * How a device is to prove itself, as a caller asks for it. `undefined`: malformed. What the caller leaves out (its
 * SDK says it with empty keys) stays as it is, and is made for a device that has none.
 */
export function wantedAuthentication(body: Json, known?: Authentication): Authentication | undefined {
  const wanted = member(body, "authentication") ?? undefined;
  if (wanted === undefined && known !== undefined) return known;
  const type = textMember(wanted, "type") ?? "sas";
  if (type === "certificateAuthority") return certificateAuthentication();
  if (type === "selfSigned") {
    const thumbprints = member(wanted, "x509Thumbprint");
    const primary = textMember(thumbprints, "primaryThumbprint") ?? "";
    const secondary = textMember(thumbprints, "secondaryThumbprint") ?? "";
    const areRight = [primary, secondary].every((each) => each === "" || isThumbprint(each));
    return primary !== "" && areRight ? certificateAuthentication(primary, secondary) : undefined;
  }
  if (type !== "sas") return undefined;
  const keys = member(wanted, "symmetricKey");
  const primary = textMember(keys, "primaryKey") ?? "";
  const secondary = textMember(keys, "secondaryKey") ?? "";
  if (![primary, secondary].every((key) => key === "" || isKey(key))) return undefined;
  return sasAuthentication(
    primary || known?.primaryKey || newKey(),
    secondary || known?.secondaryKey || newKey(),
  );
}

/** 16 to 64 bytes in base64, as IoT Hub wants them. */
function isKey(text: string): boolean {
  const bytes = Buffer.from(text, "base64");
  return bytes.length >= 16 && bytes.length <= 64 && bytes.toString("base64") === text;
}

const isThumbprint = (text: string): boolean => /^([0-9a-f]{2}:?){20}(([0-9a-f]{2}:?){12})?$/i.test(text);
