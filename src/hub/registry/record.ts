/**
 * What the hub keeps of one device: identity, twin and queue; one document each.
 *
 * Guarantee: reading one back never throws; a document of another shape is `undefined`.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { isObject, type Json, type JsonObject, member, numberMember, textMember } from "../json-value.ts";
import { emptyHalf, type TwinHalf } from "../twin/document.ts";

export type AuthenticationType = "sas" | "selfSigned" | "certificateAuthority";

export interface Authentication {
  readonly type: AuthenticationType;
  /** Base64; empty strings when the type is another. */
  readonly primaryKey: string;
  readonly secondaryKey: string;
  /** SHA-1 or SHA-256 of the certificate, upper-case hex without colons; empty strings when the type is another. */
  readonly primaryThumbprint: string;
  readonly secondaryThumbprint: string;
}

export interface CloudMessage {
  readonly messageId: string;
  readonly body: string;
  /** Application properties; `method-name` makes it an offline command. */
  readonly properties: Readonly<Record<string, string>>;
  readonly queuedMs: number;
  readonly expiresMs: number;
  readonly deliveries: number;
}

export interface Subscription {
  readonly topic: string;
  readonly qos: 0 | 1;
}

export interface DeviceRecord {
  readonly id: string;
  readonly generationId: string;
  readonly etag: string;
  readonly enabled: boolean;
  readonly statusReason: string | null;
  readonly authentication: Authentication;
  readonly modelId: string;
  readonly tags: JsonObject;
  readonly desired: TwinHalf;
  readonly reported: TwinHalf;
  /** Counts every change of tags, desired and reported. */
  readonly twinVersion: number;
  readonly queue: readonly CloudMessage[];
  /** Of the MQTT session: a device that comes back without asking again is still told. */
  readonly subscriptions: readonly Subscription[];
  readonly connectionChangedMs: number | null;
  readonly lastActivityMs: number | null;
}

export const newKey = (): string => randomBytes(32).toString("base64");
export const newEtag = (): string => randomBytes(6).toString("base64");

export const sasAuthentication = (primaryKey = newKey(), secondaryKey = newKey()): Authentication => ({
  type: "sas",
  primaryKey,
  secondaryKey,
  primaryThumbprint: "",
  secondaryThumbprint: "",
});

export const certificateAuthentication = (
  primaryThumbprint = "",
  secondaryThumbprint = "",
): Authentication => ({
  type: primaryThumbprint === "" ? "certificateAuthority" : "selfSigned",
  primaryKey: "",
  secondaryKey: "",
  primaryThumbprint,
  secondaryThumbprint,
});

export function newDevice(id: string, authentication: Authentication, atMs: number): DeviceRecord {
  return {
    id,
    generationId: randomUUID(),
    etag: newEtag(),
    enabled: true,
    statusReason: null,
    authentication,
    modelId: "",
    tags: {},
    desired: emptyHalf(atMs),
    reported: emptyHalf(atMs),
    twinVersion: 2,
    queue: [],
    subscriptions: [],
    connectionChangedMs: null,
    lastActivityMs: null,
  };
}

export function parseDevice(document: unknown): DeviceRecord | undefined {
  const id = textMember(document, "id");
  const authentication = parseAuthentication(member(document, "authentication"));
  const desired = parseHalf(member(document, "desired"));
  const reported = parseHalf(member(document, "reported"));
  // Any id: an earlier version took a "#" too, and what is on the disk is to be seen and removed.
  if (id === undefined || id === "" || authentication === undefined) return undefined;
  if (desired === undefined || reported === undefined) return undefined;
  const tags = member(document, "tags");
  return {
    id,
    generationId: textMember(document, "generationId") ?? randomUUID(),
    etag: textMember(document, "etag") ?? newEtag(),
    enabled: member(document, "enabled") !== false,
    statusReason: textMember(document, "statusReason") ?? null,
    authentication,
    modelId: textMember(document, "modelId") ?? "",
    tags: isObject(tags) ? tags : {},
    desired,
    reported,
    twinVersion: numberMember(document, "twinVersion") ?? desired.version + reported.version,
    queue: list(member(document, "queue"), parseMessage),
    subscriptions: list(member(document, "subscriptions"), parseSubscription),
    connectionChangedMs: numberMember(document, "connectionChangedMs") ?? null,
    lastActivityMs: numberMember(document, "lastActivityMs") ?? null,
  };
}

export function parseAuthentication(value: Json | undefined): Authentication | undefined {
  const type = textMember(value, "type");
  if (type !== "sas" && type !== "selfSigned" && type !== "certificateAuthority") return undefined;
  return {
    type,
    primaryKey: textMember(value, "primaryKey") ?? "",
    secondaryKey: textMember(value, "secondaryKey") ?? "",
    primaryThumbprint: textMember(value, "primaryThumbprint") ?? "",
    secondaryThumbprint: textMember(value, "secondaryThumbprint") ?? "",
  };
}

function parseHalf(value: Json | undefined): TwinHalf | undefined {
  const properties = member(value, "properties");
  const metadata = member(value, "metadata");
  const version = numberMember(value, "version");
  if (!isObject(properties) || !isObject(metadata) || version === undefined) return undefined;
  return { properties, metadata, version };
}

function parseMessage(value: Json): CloudMessage | undefined {
  const messageId = textMember(value, "messageId");
  const body = textMember(value, "body");
  const expiresMs = numberMember(value, "expiresMs");
  const properties = member(value, "properties");
  if (messageId === undefined || body === undefined || expiresMs === undefined || !isObject(properties)) {
    return undefined;
  }
  return {
    messageId,
    body,
    expiresMs,
    properties: Object.fromEntries(Object.entries(properties).map(([name, text]) => [name, String(text)])),
    queuedMs: numberMember(value, "queuedMs") ?? 0,
    deliveries: numberMember(value, "deliveries") ?? 0,
  };
}

function parseSubscription(value: Json): Subscription | undefined {
  const topic = textMember(value, "topic");
  return topic === undefined ? undefined : { topic, qos: member(value, "qos") === 1 ? 1 : 0 };
}

function list<T>(value: Json | undefined, parse: (item: Json) => T | undefined): T[] {
  return Array.isArray(value) ? value.map(parse).filter((item: T | undefined) => item !== undefined) : [];
}
