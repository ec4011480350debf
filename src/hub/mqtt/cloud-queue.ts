/**
 * Cloud-to-device messages: kept for a device until it acknowledges them or they expire
 * (https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-messages-c2d).
 *
 * Guarantee: at-least-once delivery, in order, one message in flight at a time. A message leaves the queue
 * when the device acknowledges it, when it expires, or after ten unacknowledged deliveries. The queue
 * survives restarts.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import { millis } from "../../base/units.ts";
import type { Devices } from "../registry/devices.ts";
import type { CloudMessage, DeviceRecord } from "../registry/record.ts";
import type { Timeline } from "../twin/timeline.ts";
import type { Link, Links } from "./links.ts";
import { cloudMessage, cloudMessages } from "./topics.ts";

export const queueLimits = {
  pending: 50,
  bytes: 64 * 1024,
  maxSeconds: 172_800,
  defaultSeconds: 3600,
  deliveries: 10,
};

export interface NewMessage {
  readonly body: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly ttlSeconds?: number;
  readonly messageId?: string;
}

export type Queued =
  | { readonly message: CloudMessage }
  | { readonly refused: "not-found" | "full" | "too-large" | "malformed"; readonly why: string };

export class CloudQueue {
  readonly #clock: Clock;
  readonly #devices: Devices;
  readonly #links: Links;
  readonly #timeline: Timeline;
  /** Links with a message in flight, and the id of that message. */
  readonly #sending = new Map<Link, string>();
  #cancelExpiry: (() => void) | undefined;

  constructor(clock: Clock, devices: Devices, links: Links, timeline: Timeline) {
    this.#clock = clock;
    this.#devices = devices;
    this.#links = links;
    this.#timeline = timeline;
    this.#removeExpired();
  }

  async send(deviceId: string, message: NewMessage): Promise<Queued> {
    const record = this.#devices.get(deviceId);
    if (record === undefined) return { refused: "not-found", why: `there is no device ${deviceId}` };
    const queue = this.#unexpired(record);
    const refusal = validateMessage(queue, message);
    if (refusal !== undefined) return refusal;
    const queuedMs = this.#clock.wallNow();
    const kept: CloudMessage = {
      messageId: message.messageId ?? randomUUID(),
      body: message.body,
      properties: message.properties,
      queuedMs,
      expiresMs: queuedMs + (message.ttlSeconds ?? queueLimits.defaultSeconds) * 1000,
      deliveries: 0,
    };
    const saved = this.#devices.put({ ...record, queue: [...queue, kept] });
    this.#note(deviceId, "message-queued", kept, "was queued");
    await saved;
    this.#removeExpired();
    this.sendNext(deviceId);
    return { message: kept };
  }

  /** Sends the next message if the device is connected, has subscribed, and has no message in flight. */
  sendNext(deviceId: string): void {
    const link = this.#links.get(deviceId);
    const record = this.#devices.get(deviceId);
    if (link === undefined || record === undefined || !link.ready || this.#sending.has(link)) return;
    if (!link.subscriptions.has(cloudMessages(deviceId))) return;
    const queue = this.#unexpired(record);
    const [next, ...rest] = queue;
    if (next === undefined) return;
    const sent = { ...next, deliveries: next.deliveries + 1 };
    this.#devices.changeInMemory(deviceId, (now) => ({ ...now, queue: [sent, ...rest] }));
    this.#sending.set(link, next.messageId);
    const topic = cloudMessage(deviceId, systemProperties(deviceId, sent));
    link.sendAcknowledged(topic, next.body, () => void this.#delivered(link, next).catch(() => undefined));
  }

  /** Call this when a connection closes. The message in flight is sent again on the next connection. */
  dropped(link: Link): void {
    this.#sending.delete(link);
    const record = this.#devices.get(link.deviceId);
    const exhausted = record?.queue.find((message) => message.deliveries >= queueLimits.deliveries);
    if (exhausted === undefined) return;
    this.#note(
      link.deviceId,
      "message-expired",
      exhausted,
      `was dropped after ${exhausted.deliveries} deliveries`,
    );
    void this.#drop(link.deviceId, exhausted.messageId).catch(() => undefined);
  }

  async #delivered(link: Link, message: CloudMessage): Promise<void> {
    this.#sending.delete(link);
    this.#note(link.deviceId, "message-delivered", message, "was delivered");
    await this.#drop(link.deviceId, message.messageId);
    this.sendNext(link.deviceId);
  }

  async #drop(deviceId: string, messageId: string): Promise<void> {
    await this.#devices.change(deviceId, (now) => ({
      ...now,
      queue: now.queue.filter((message) => message.messageId !== messageId),
    }));
  }

  /** Removes expired messages and sets a timer for the next expiry. */
  #removeExpired(): void {
    this.#cancelExpiry?.();
    const nowMs = this.#clock.wallNow();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const record of this.#devices.all()) {
      const left = this.#unexpired(record);
      for (const message of left) nextMs = Math.min(nextMs, message.expiresMs);
      if (left.length < record.queue.length)
        void this.#devices.put({ ...record, queue: left }).catch(() => undefined);
    }
    if (nextMs === Number.POSITIVE_INFINITY) return;
    this.#cancelExpiry = this.#clock.setTimer(millis(Math.max(1, nextMs - nowMs)), () =>
      this.#removeExpired(),
    );
  }

  close(): void {
    this.#cancelExpiry?.();
  }

  #unexpired(record: DeviceRecord): CloudMessage[] {
    const nowMs = this.#clock.wallNow();
    const expired = record.queue.filter((message) => message.expiresMs <= nowMs);
    if (expired.length === 0) return [...record.queue];
    for (const message of expired) this.#note(record.id, "message-expired", message, "expired");
    const left = record.queue.filter((message) => message.expiresMs > nowMs);
    this.#devices.changeInMemory(record.id, (now) => ({ ...now, queue: left }));
    return left;
  }

  #note(
    deviceId: string,
    kind: "message-queued" | "message-delivered" | "message-expired",
    message: CloudMessage,
    outcome: string,
  ): void {
    const name = message.properties["method-name"];
    const subject = name === undefined ? "a message" : `offline command ${name}`;
    const actor = kind === "message-queued" ? "operator" : kind === "message-delivered" ? "device" : "hub";
    this.#timeline.add({ deviceId, kind, actor, text: `${subject} ${outcome}` });
  }
}

function validateMessage(queue: readonly CloudMessage[], message: NewMessage): Queued | undefined {
  const { pending, bytes, maxSeconds } = queueLimits;
  const ttl = message.ttlSeconds ?? queueLimits.defaultSeconds;
  if (!(ttl >= 1 && ttl <= maxSeconds)) {
    return { refused: "malformed", why: `the time to live must be 1 to ${maxSeconds} s` };
  }
  const size = Buffer.byteLength(message.body) + Buffer.byteLength(JSON.stringify(message.properties));
  if (size > bytes) return { refused: "too-large", why: `${size} bytes, more than ${bytes}` };
  if (queue.length >= pending) return { refused: "full", why: `the queue is full (${pending} messages)` };
  return undefined;
}

/** Property names as the device SDK expects them. `$.` marks IoT Hub's system properties. */
const systemProperties = (deviceId: string, message: CloudMessage): Record<string, string> => ({
  "$.mid": message.messageId,
  "$.to": `/devices/${deviceId}/messages/deviceBound`,
  "$.exp": isoTime(message.expiresMs),
  "$.ct": "application/json",
  "$.ce": "utf-8",
  ...message.properties,
});
