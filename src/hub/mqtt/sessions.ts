/**
 * Handles what devices send over MQTT, and their connects and disconnects.
 *
 * Guarantee: never throws for anything that a device sends; `false` for an unusable message ends the connection.
 */
import type { Client, PublishPacket } from "aedes";
import type { Clock } from "../../base/clock.ts";
import { type Json, readJson } from "../../base/json/value.ts";
import type { Devices } from "../registry/devices.ts";
import type { Subscription } from "../registry/record.ts";
import type { TelemetryLog, TelemetryMessage } from "../twin/telemetry-log.ts";
import type { Twins } from "../twin/twins.ts";
import type { Cable } from "./cable.ts";
import type { CloudQueue } from "./cloud-queue.ts";
import { Link, type Links } from "./links.ts";
import type { Methods } from "./methods.ts";
import { cloudMessages, parseDeviceTopic } from "./topics.ts";

export interface SessionParts {
  readonly clock: Clock;
  readonly devices: Devices;
  readonly links: Links;
  readonly twins: Twins;
  readonly methods: Methods;
  readonly queue: CloudQueue;
  readonly telemetry: TelemetryLog;
  readonly onTelemetry: (deviceId: string, message: TelemetryMessage) => void;
}

const telemetryLimit = 256 * 1024;

export class DeviceSessions {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  subscriptions(deviceId: string): readonly Subscription[] {
    return this.#parts.devices.get(deviceId)?.subscriptions ?? [];
  }

  /** Call this after the login. `client.clean` is false when the device resumes its session. */
  open(client: Client, cable: Cable, deviceId: string, modelId: string): Link {
    this.#parts.links.replacing(deviceId);
    const kept = client.clean ? [] : this.subscriptions(deviceId);
    this.#parts.devices.changeInMemory(deviceId, (record) => ({
      ...record,
      modelId: modelId === "" ? record.modelId : modelId,
      subscriptions: kept,
    }));
    return new Link(
      deviceId,
      client,
      cable,
      kept.map(({ topic }) => topic),
    );
  }

  /** The broker has accepted the connection. */
  registered(link: Link): void {
    this.#parts.links.add(link);
  }

  ready(link: Link): void {
    this.#stamp(link.deviceId, true);
    this.#parts.links.ready(link);
    this.#parts.methods.subscribed(link.deviceId);
    this.#parts.queue.sendNext(link.deviceId);
  }

  closed(link: Link): void {
    this.#parts.methods.dropped(link);
    this.#parts.queue.dropped(link);
    this.#stamp(link.deviceId, true);
    this.#parts.links.remove(link);
  }

  subscribed(link: Link, subscriptions: readonly Subscription[]): void {
    for (const { topic } of subscriptions) link.subscriptions.add(topic);
    this.#parts.methods.subscribed(link.deviceId);
    const known = this.subscriptions(link.deviceId);
    const isChange = subscriptions.some(
      ({ topic, qos }) => !known.some((each) => each.topic === topic && each.qos === qos),
    );
    // Devices repeat their subscriptions at every connect; only changes are stored.
    if (isChange)
      this.#changeSubscriptions(link, (kept) => {
        const others = kept.filter(({ topic }) => !subscriptions.some((each) => each.topic === topic));
        return [...others, ...subscriptions];
      });
    if (link.subscriptions.has(cloudMessages(link.deviceId))) this.#parts.queue.sendNext(link.deviceId);
  }

  unsubscribed(link: Link, topics: readonly string[]): void {
    for (const topic of topics) link.subscriptions.delete(topic);
    this.#changeSubscriptions(link, (kept) => kept.filter(({ topic }) => !topics.includes(topic)));
  }

  /** @returns false when the device may not publish to that topic */
  async received(link: Link, packet: PublishPacket): Promise<boolean> {
    const topic = parseDeviceTopic(link.deviceId, packet.topic);
    if (topic === undefined) return false;
    const payload = packet.payload.toString();
    this.#stamp(link.deviceId, false);
    switch (topic.kind) {
      case "telemetry":
        if (packet.payload.length > telemetryLimit) return false;
        this.#telemetry(link.deviceId, topic.properties, payload);
        return true;
      case "twin-get":
        void this.#parts.twins.answerGet(link, topic.rid).catch(() => undefined);
        return true;
      case "twin-patch":
        void this.#parts.twins.answerPatch(link, topic.rid, payload).catch(() => undefined);
        return true;
      case "method-answer":
        this.#parts.methods.answered(link, topic.rid, topic.status, payload);
        return true;
    }
  }

  #telemetry(deviceId: string, properties: Record<string, string>, payload: string): void {
    const receivedMs = this.#parts.clock.wallNow();
    const createdMs = Date.parse(properties["iothub-creation-time-utc"] ?? properties["$.ctime"] ?? "");
    const body: Json | undefined = readJson(payload);
    const message: TelemetryMessage = {
      messageId: properties["$.mid"],
      properties,
      body: body ?? payload.slice(0, 1024),
      // A fast device clock must not put a reading into the future.
      atMs: Number.isNaN(createdMs) ? receivedMs : Math.min(createdMs, receivedMs),
      receivedMs,
    };
    this.#parts.telemetry.add(deviceId, message);
    this.#parts.onTelemetry(deviceId, message);
  }

  #changeSubscriptions(link: Link, change: (kept: readonly Subscription[]) => readonly Subscription[]): void {
    if (link.client.clean) return;
    const saved = this.#parts.devices.change(link.deviceId, (record) => ({
      ...record,
      subscriptions: change(record.subscriptions),
    }));
    // `Devices` logs a failed write; the session continues.
    saved.catch(() => undefined);
  }

  #stamp(deviceId: string, connection: boolean): void {
    const nowMs = this.#parts.clock.wallNow();
    this.#parts.devices.changeInMemory(deviceId, (record) => ({
      ...record,
      lastActivityMs: nowMs,
      ...(connection ? { connectionChangedMs: nowMs } : {}),
    }));
  }
}
