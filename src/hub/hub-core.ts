/**
 * The hub behind its three faces (MQTT, REST, page): devices and everything that can be done to them.
 *
 * Guarantee: each change is made here, once, whichever face it came through, and told in the timeline.
 */

import type { Clock } from "../base/clock.ts";
import type { Json } from "../base/json/value.ts";
import { equalJson, isRecord } from "../base/json/value.ts";
import type { Log } from "../base/log.ts";
import type { TelemetryName } from "../model/cloud-model.ts";
import { telemetry } from "../model/cloud-model.ts";
import { FaultInjection } from "./fault-injection.ts";
import { Cables } from "./mqtt/cables.ts";
import { CloudQueue, type NewMessage, type Queued } from "./mqtt/cloud-queue.ts";
import { Links } from "./mqtt/links.ts";
import { type MethodOutcome, Methods } from "./mqtt/methods.ts";
import { DeviceSessions } from "./mqtt/sessions.ts";
import { OnceLog } from "./once-log.ts";
import type { CableState, DeviceDetail, DeviceSummary } from "./page-server/api.ts";
import { deviceDetail, deviceSummary } from "./page-server/device-view.ts";
import { Feed } from "./page-server/feed.ts";
import { Panels } from "./page-server/panels.ts";
import { Devices } from "./registry/devices.ts";
import { type Authentication, type DeviceRecord, newDevice } from "./registry/record.ts";
import type { Documents } from "./storage/documents.ts";
import { HubSettings } from "./storage/hub-settings.ts";
import { show } from "./twin/reported-watch.ts";
import { TelemetryLog, type TelemetryMessage } from "./twin/telemetry-log.ts";
import { Timeline } from "./twin/timeline.ts";
import { type TwinEdit, type TwinEdited, Twins } from "./twin/twins.ts";

export class HubCore {
  readonly clock: Clock;
  readonly log: Log;
  readonly once: OnceLog;
  readonly documents: Documents;
  readonly settings: HubSettings;
  readonly devices: Devices;
  readonly links: Links;
  readonly cables = new Cables();
  readonly faults: FaultInjection;
  readonly telemetry = new TelemetryLog();
  readonly timeline: Timeline;
  readonly feed: Feed;
  readonly panels: Panels;
  readonly twins: Twins;
  readonly methods: Methods;
  readonly queue: CloudQueue;
  readonly sessions: DeviceSessions;
  readonly startedMs: number;

  private constructor(
    clock: Clock,
    log: Log,
    documents: Documents,
    kept: { settings: HubSettings; devices: Devices; timeline: Timeline; feed: Feed },
  ) {
    this.clock = clock;
    this.log = log;
    this.documents = documents;
    this.settings = kept.settings;
    this.devices = kept.devices;
    this.timeline = kept.timeline;
    this.feed = kept.feed;
    this.once = new OnceLog(log, clock);
    this.startedMs = clock.wallNow();
    this.faults = new FaultInjection(() => clock.wallNow());
    this.panels = new Panels(clock, (deviceId, panel) => this.feed.tell({ type: "panel", deviceId, panel }));
    this.links = new Links(log, clock);
    const { devices, links, timeline, faults, telemetry } = this;
    const onTwin = (id: string) => this.feed.changed(id, true);
    this.twins = new Twins({ clock, devices, links, timeline, faults, onTwin });
    this.methods = new Methods(clock, links);
    this.queue = new CloudQueue(clock, devices, links, timeline);
    const { twins, methods, queue } = this;
    const onTelemetry = (id: string, message: TelemetryMessage) => this.#tellTelemetry(id, message);
    this.sessions = new DeviceSessions({
      clock,
      devices,
      links,
      twins,
      methods,
      queue,
      telemetry,
      onTelemetry,
    });
    this.links.onContest = (id) => this.#tellContest(id);
    this.links.onChange = (link, connected) => this.#tellConnection(link.deviceId, connected);
    this.feed.source = { summary: (id) => this.summary(id), detail: (id) => this.detail(id) };
  }

  static async open(clock: Clock, log: Log, documents: Documents): Promise<HubCore> {
    const feed = new Feed(clock);
    const settings = await HubSettings.open(documents, log);
    const devices = await Devices.open(documents, log);
    const timeline = await Timeline.open(documents, clock, (event) => {
      feed.tell({ type: "timeline", event });
      feed.changed(event.deviceId, false);
    });
    return new HubCore(clock, log, documents, { settings, devices, timeline, feed });
  }

  summary(id: string): DeviceSummary | undefined {
    const record = this.devices.get(id);
    return record === undefined ? undefined : deviceSummary(this, record);
  }

  detail(id: string): DeviceDetail | undefined {
    const record = this.devices.get(id);
    return record === undefined ? undefined : deviceDetail(this, record);
  }

  /** Registers a device that is not known yet, and gives a known one these credentials. */
  async ensureDevice(id: string, authentication: Authentication): Promise<void> {
    const known = this.devices.get(id);
    if (known !== undefined && equalJson(known.authentication, authentication)) return;
    const record = known ?? newDevice(id, authentication, this.clock.wallNow());
    await this.putDevice(
      { ...record, authentication },
      known === undefined ? "registered" : "enrolled again",
    );
  }

  async putDevice(record: DeviceRecord, text: string): Promise<void> {
    await this.devices.put(record);
    this.timeline.add({ deviceId: record.id, kind: "registry", actor: "operator", text });
    // Who may not connect any more may not stay either.
    if (!record.enabled) this.links.get(record.id)?.cable.cut("close");
    this.feed.changed(record.id, true);
  }

  async removeDevice(id: string): Promise<void> {
    this.links.get(id)?.cable.cut("close");
    this.telemetry.forget(id);
    this.timeline.forget(id);
    this.faults.throttle(id, false);
    this.faults.setTwinFault(id, undefined);
    this.cables.set(id, "connected");
    await this.devices.remove(id);
    this.feed.tell({ type: "removed", deviceId: id });
  }

  editTwin(id: string, edit: TwinEdit): Promise<TwinEdited> {
    return this.twins.edit(id, edit);
  }

  async invoke(
    id: string,
    name: string,
    payload: Json,
    timeoutSeconds?: number,
    connectSeconds?: number,
  ): Promise<MethodOutcome> {
    const outcome = await this.methods.invoke(id, name, payload, timeoutSeconds, connectSeconds);
    const text =
      "failed" in outcome
        ? `command ${name}: ${outcome.why}`
        : `command ${name} was answered ${outcome.status} in ${Math.round(outcome.tookMs)} ms`;
    if (this.devices.get(id) !== undefined) {
      this.timeline.add({ deviceId: id, kind: "command", actor: "operator", text });
    }
    return outcome;
  }

  async sendMessage(id: string, message: NewMessage): Promise<Queued> {
    const queued = await this.queue.send(id, message);
    this.feed.changed(id, true);
    return queued;
  }

  setCable(id: string, state: CableState): void {
    if (this.cables.state(id) === state) return;
    this.timeline.add({
      deviceId: id,
      kind: "cable",
      actor: "operator",
      cable: state,
      text: cableWords[state],
    });
    this.cables.set(id, state);
    this.feed.changed(id, false);
  }

  setThrottle(id: string, on: boolean): void {
    if (this.faults.isThrottled(id) === on) return;
    this.faults.throttle(id, on);
    const text = on ? "the hub throttles its twin requests" : "the hub throttles it no more";
    this.timeline.add({ deviceId: id, kind: "throttle", actor: "operator", text });
  }

  rejected(id: string, reason: string): void {
    if (this.devices.get(id) === undefined) return;
    this.timeline.add({ deviceId: id, kind: "turned-away", actor: "hub", text: `not let in: ${reason}` });
  }

  #tellContest(id: string): void {
    const text = "connections under this id push each other out: is it used by two devices?";
    if (!this.once.warn("hub-id-contested", id, text)) return;
    this.timeline.add({ deviceId: id, kind: "turned-away", actor: "hub", text });
  }

  async close(): Promise<void> {
    this.queue.close();
    this.feed.close();
    await this.timeline.close();
    // What was only noted, last activity for one, goes along. A disk that refuses was told of in the log.
    await Promise.allSettled(this.devices.all().map((record) => this.devices.put(record)));
    await this.documents.settled();
  }

  #tellConnection(deviceId: string, connected: boolean): void {
    this.timeline.add({
      deviceId,
      kind: connected ? "connected" : "disconnected",
      actor: "device",
      text: connected ? "connected" : "disconnected",
    });
  }

  #tellTelemetry(deviceId: string, message: TelemetryMessage): void {
    const { body: values } = message;
    if (isRecord(values)) {
      this.feed.tell({ type: "telemetry", deviceId, atMs: message.atMs, values });
      for (const [name, value] of Object.entries(values)) this.#tellEvent(deviceId, name, value);
    }
    this.feed.changed(deviceId, false);
  }

  /** A reading that the model marks as a thing that happened belongs in the timeline too. */
  #tellEvent(deviceId: string, name: string, value: Json): void {
    if (!isTelemetryName(name) || !telemetry[name].event) return;
    const text = `${telemetry[name].label}: ${show(value)}`;
    this.timeline.add({ deviceId, kind: "event", actor: "device", property: name, text, after: value });
  }
}

const isTelemetryName = (name: string): name is TelemetryName => Object.hasOwn(telemetry, name);

const cableWords: Readonly<Record<CableState, string>> = {
  connected: "the cable was plugged in",
  close: "the cable was pulled: connections end in good order",
  reset: "the cable was pulled: connections are reset",
  silence: "the cable was pulled: traffic dropped silently",
};
