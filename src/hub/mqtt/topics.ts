/**
 * The MQTT topics of DPS and IoT Hub (https://learn.microsoft.com/azure/iot/iot-mqtt-connect-to-iot-hub and
 * …/azure/iot-dps/iot-dps-mqtt-support): parsing and building.
 *
 * Guarantee: never throws; a topic that a device may not use is `undefined`.
 */
import { parameters, splitOnce, topicPrefix } from "../../protocol/topics.ts";

export type DeviceTopic =
  | { readonly kind: "telemetry"; readonly properties: Record<string, string> }
  | { readonly kind: "twin-get"; readonly rid: string }
  | { readonly kind: "twin-patch"; readonly rid: string }
  | { readonly kind: "method-answer"; readonly rid: string; readonly status: number };

export type DpsTopic =
  | { readonly kind: "register"; readonly rid: string }
  | { readonly kind: "status"; readonly rid: string; readonly operationId: string };

export const twinAnswers = `${topicPrefix.twinAnswer}#`;
export const desiredPatches = `${topicPrefix.desiredPatch}#`;
export const methodCalls = `${topicPrefix.methodCall}#`;
export const dpsAnswers = `${topicPrefix.dpsAnswer}#`;
export const cloudMessages = (deviceId: string): string => `devices/${deviceId}/messages/devicebound/#`;

/** Whether a device may subscribe to a filter: only its own. */
export const maySubscribe = (deviceId: string, filter: string): boolean =>
  [twinAnswers, desiredPatches, methodCalls, cloudMessages(deviceId)].includes(filter);

export function parseDeviceTopic(deviceId: string, topic: string): DeviceTopic | undefined {
  const events = `devices/${deviceId}/messages/events/`;
  if (topic.startsWith(events)) {
    const properties = parseBag(topic.slice(events.length).replace(/\/$/, ""));
    return properties === undefined ? undefined : { kind: "telemetry", properties };
  }
  if (topic === events.slice(0, -1)) return { kind: "telemetry", properties: {} };
  const { path, query } = split(topic);
  const rid = query.get("$rid");
  if (rid === undefined || rid.length > 128) return undefined;
  if (path === "$iothub/twin/GET/") return { kind: "twin-get", rid };
  if (path === "$iothub/twin/PATCH/properties/reported/") return { kind: "twin-patch", rid };
  const status = /^\$iothub\/methods\/res\/(-?\d{1,9})\/$/.exec(path)?.[1];
  return status === undefined ? undefined : { kind: "method-answer", rid, status: Number(status) };
}

export function parseDpsTopic(topic: string): DpsTopic | undefined {
  const { path, query } = split(topic);
  const rid = query.get("$rid");
  if (rid === undefined || rid.length > 128) return undefined;
  if (path === "$dps/registrations/PUT/iotdps-register/") return { kind: "register", rid };
  if (path !== "$dps/registrations/GET/iotdps-get-operationstatus/") return undefined;
  return { kind: "status", rid, operationId: query.get("operationId") ?? "" };
}

const encode = encodeURIComponent;

export const twinAnswer = (status: number, rid: string, version?: number): string =>
  `${topicPrefix.twinAnswer}${status}/?$rid=${encode(rid)}${version === undefined ? "" : `&$version=${version}`}`;
export const desiredPatch = (version: number): string => `${topicPrefix.desiredPatch}?$version=${version}`;
export const methodCall = (name: string, rid: string): string =>
  `${topicPrefix.methodCall}${encode(name)}/?$rid=${rid}`;
export const dpsAnswer = (status: number, rid: string, retryAfter?: number): string =>
  `${topicPrefix.dpsAnswer}${status}/?$rid=${encode(rid)}${retryAfter === undefined ? "" : `&retry-after=${retryAfter}`}`;

/** Spaces become %20, never +: devices do not decode the plus. */
export function cloudMessage(deviceId: string, properties: Readonly<Record<string, string>>): string {
  const bag = Object.entries(properties).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return `devices/${deviceId}/messages/devicebound/${bag.join("&")}`;
}

function split(topic: string): { path: string; query: ReadonlyMap<string, string> } {
  const [path = "", query = ""] = splitOnce(topic, "?");
  return { path, query: parameters(query) };
}

function parseBag(bag: string): Record<string, string> | undefined {
  const properties = new Map<string, string>();
  for (const part of bag.split("&")) {
    if (part === "") continue;
    const [name, ...value] = part.split("=");
    try {
      properties.set(decodeURIComponent(name ?? ""), decodeURIComponent(value.join("=")));
    } catch {
      return undefined;
    }
  }
  return Object.fromEntries(properties);
}
