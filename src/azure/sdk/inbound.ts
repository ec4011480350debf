/**
 * Parses the MQTT messages of IoT Hub and DPS.
 *
 * Guarantee: never throws. Any message becomes an `Inbound` within the limits below. The SDK's own parsers
 * throw uncaught errors on bad JSON and on a method without a name, so they receive only what was validated
 * here.
 * (Topics: learn.microsoft.com, "Use MQTT to communicate with IoT Hub".)
 */
import { isRecord } from "../../base/json/value.ts";
import { decodePart, parameters, splitOnce, topicPrefix } from "../../protocol/topics.ts";

export type Inbound =
  | { readonly kind: "desired"; readonly patch: Readonly<Record<string, unknown>>; readonly version: number }
  | { readonly kind: "twin-reply"; readonly status: number }
  | { readonly kind: "method"; readonly name: string; readonly requestId: string; readonly payload: Payload }
  | { readonly kind: "message"; readonly message: InboundMessage }
  | { readonly kind: "registration-reply"; readonly status: number; readonly retryAfterS: number | undefined }
  | { readonly kind: "ignored"; readonly why: string };

/** JSON, or why it is invalid. An empty payload is `undefined`. */
export type Payload =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly why: string };

/** A cloud-to-device message. */
export interface InboundMessage {
  readonly messageId: string | undefined;
  /** ISO 8601. */
  readonly expiry: string | undefined;
  /** Application properties; the first one of a name counts. */
  readonly properties: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Above the hub's own limits: desired and reported 32 KB each, C2D 64 KB, method 128 KB. */
const limits = {
  topic: 16 * 1024,
  desired: 64 * 1024,
  twin: 256 * 1024,
  method: 128 * 1024,
  message: 64 * 1024,
};
/** IoT Hub allows 10 levels in a twin. */
const maxDepth = 32;

export function readInbound(topic: string, payload: Uint8Array): Inbound {
  if (topic.length > limits.topic) return ignored("a topic that is too long");
  const [path = "", query = ""] = splitOnce(topic, "?");
  if (path.startsWith(topicPrefix.twinAnswer)) return readTwinReply(path, payload);
  if (path.startsWith(topicPrefix.desiredPatch)) return readDesired(query, payload);
  if (path.startsWith(topicPrefix.methodCall)) return readMethod(path, query, payload);
  if (path.startsWith(topicPrefix.dpsAnswer)) return readRegistration(path, query, payload);
  if (/^devices\/[^/]+\/messages\/devicebound\//.test(topic)) return readMessage(topic, payload);
  return ignored("a topic that was not subscribed to");
}

/** JSON within `maxBytes` and 32 levels. */
export function readPayload(payload: Uint8Array, maxBytes: number): Payload {
  if (payload.byteLength > maxBytes) return { ok: false, why: `larger than ${maxBytes} bytes` };
  const text = Buffer.from(payload).toString("utf8").trim();
  if (text === "") return { ok: true, value: undefined };
  if (isDeeperThan(text, maxDepth)) return { ok: false, why: `nested deeper than ${maxDepth} levels` };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, why: "not JSON" };
  }
}

function readTwinReply(path: string, payload: Uint8Array): Inbound {
  const status = Number(path.split("/")[3]);
  if (!Number.isInteger(status) || status < 100 || status > 599)
    return ignored("a twin reply without a status");
  if (status >= 300) return { kind: "twin-reply", status };
  const json = readPayload(payload, limits.twin);
  // 502: bad gateway, for an invalid answer.
  return { kind: "twin-reply", status: json.ok ? status : 502 };
}

function readDesired(query: string, payload: Uint8Array): Inbound {
  const json = readPayload(payload, limits.desired);
  if (!json.ok) return ignored(`a desired patch: ${json.why}`);
  if (!isRecord(json.value)) return ignored("a desired patch that is not an object");
  const named = json.value["$version"] ?? Number(parameters(query).get("$version"));
  if (typeof named !== "number" || !Number.isSafeInteger(named) || named < 0) {
    return ignored("a desired patch without a version");
  }
  return { kind: "desired", patch: json.value, version: named };
}

function readMethod(path: string, query: string, payload: Uint8Array): Inbound {
  const name = decodePart(path.split("/")[3] ?? "");
  const requestId = parameters(query).get("$rid");
  if (name === undefined || name === "" || name.length > 128) return ignored("a method without a name");
  if (requestId === undefined || !/^[\w.:~-]{1,128}$/.test(requestId))
    return ignored("a method without a request id");
  return { kind: "method", name, requestId, payload: readPayload(payload, limits.method) };
}

function readRegistration(path: string, query: string, payload: Uint8Array): Inbound {
  const status = Number(path.split("/")[3]);
  if (!Number.isInteger(status) || status < 100 || status > 599)
    return ignored("a reply of DPS without a status");
  const after = Number(parameters(query).get("retry-after"));
  const json = readPayload(payload, limits.message);
  const valid = json.ok && isRecord(json.value);
  return {
    kind: "registration-reply",
    status: status < 300 && !valid ? 502 : status,
    retryAfterS: Number.isFinite(after) && after > 0 ? after : undefined,
  };
}

function readMessage(topic: string, payload: Uint8Array): Inbound {
  if (payload.byteLength > limits.message) return ignored("a message that is too large");
  const properties = parameters(topic.split("/").slice(4).join("/"));
  return {
    kind: "message",
    message: {
      messageId: properties.get("$.mid")?.slice(0, 128),
      expiry: properties.get("$.exp"),
      properties,
      body: Buffer.from(payload).toString("utf8"),
    },
  };
}

/** Checked on the text: `JSON.parse` accepts any depth, but recursion over the result may not. */
function isDeeperThan(text: string, levels: number): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (inText) {
      if (char === "\\") at++;
      else if (char === '"') inText = false;
    } else if (char === '"') inText = true;
    else if (char === "{" || char === "[") {
      if (++depth > levels) return true;
    } else if (char === "}" || char === "]") depth--;
  }
  return false;
}

const ignored = (why: string): Inbound => ({ kind: "ignored", why });
