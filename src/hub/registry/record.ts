/**
 * The stored record of a device: identity, twin and queue.
 *
 * Guarantee: `storedDevice` also reads records of earlier versions.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { type JsonObject, textOfJson } from "../../base/json/value.ts";
import type { Schema } from "../../base/schema/schema.ts";
import { map, object, validItems } from "../../base/schema/structures.ts";
import {
  boolean,
  convert,
  lenient,
  nullable,
  number,
  oneOf,
  refine,
  string,
} from "../../base/schema/values.ts";
import { json } from "../body.ts";
import { emptySection, type TwinSection } from "../twin/document.ts";

export type AuthenticationType = "sas" | "selfSigned" | "certificateAuthority";

export interface Authentication {
  readonly type: AuthenticationType;
  /** Base64; empty for other types. */
  readonly primaryKey: string;
  readonly secondaryKey: string;
  /** SHA-1 or SHA-256 of the certificate, upper-case hex without colons; empty for other types. */
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
  readonly desired: TwinSection;
  readonly reported: TwinSection;
  /** Counts every change of tags, desired and reported. */
  readonly twinVersion: number;
  readonly queue: readonly CloudMessage[];
  /** Of the persistent MQTT session: a device may reconnect without subscribing again. */
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
    desired: emptySection(atMs),
    reported: emptySection(atMs),
    twinVersion: 2,
    queue: [],
    subscriptions: [],
    connectionChangedMs: null,
    lastActivityMs: null,
  };
}

const empty = () => "";
const text = lenient(string(), empty);
const time = lenient(nullable(number()), () => null);
const jsonObject: Schema<JsonObject> = map(json);
const section: Schema<TwinSection> = object({
  properties: jsonObject,
  metadata: jsonObject,
  version: number(),
});

export const storedAuthentication: Schema<Authentication> = object({
  type: oneOf(["sas", "selfSigned", "certificateAuthority"]),
  primaryKey: text,
  secondaryKey: text,
  primaryThumbprint: text,
  secondaryThumbprint: text,
});

const message: Schema<CloudMessage> = object({
  messageId: string(),
  body: string(),
  properties: map(convert(json, textOfJson)),
  queuedMs: lenient(number(), () => 0),
  expiresMs: number(),
  deliveries: lenient(number(), () => 0),
});

const subscription: Schema<Subscription> = object({
  topic: string(),
  qos: lenient(oneOf([0, 1]), () => 0 as const),
});

/** A stored device, also of an earlier version: missing optional members get defaults. */
export const storedDevice: Schema<DeviceRecord> = convert(
  object({
    id: refine(string(), "an id", (id) => id !== ""),
    generationId: lenient(string(), randomUUID),
    etag: lenient(string(), newEtag),
    enabled: lenient(boolean, () => true),
    statusReason: lenient(nullable(string()), () => null),
    authentication: storedAuthentication,
    modelId: text,
    tags: lenient(jsonObject, () => ({})),
    desired: section,
    reported: section,
    twinVersion: lenient(number(), () => undefined),
    queue: lenient(validItems(message), () => []),
    subscriptions: lenient(validItems(subscription), () => []),
    connectionChangedMs: time,
    lastActivityMs: time,
  }),
  (stored) => ({
    ...stored,
    twinVersion: stored.twinVersion ?? stored.desired.version + stored.reported.version,
  }),
);
