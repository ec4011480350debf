/**
 * The parts of a hub. Each interface (MQTT, REST, page) receives only the parts that it uses.
 *
 * Guarantee: what devices do (connect, disconnect, send) is recorded in the timeline and sent to the pages; when
 * `close` resolves, everything is saved.
 */
import type { Clock } from "../base/clock.ts";
import { isRecord, type Json, type JsonObject } from "../base/json/value.ts";
import type { Log } from "../base/log.ts";
import type { TelemetryName } from "../model/cloud-model.ts";
import { telemetry as telemetryModel } from "../model/cloud-model.ts";
import { DeviceOperations } from "./device-operations.ts";
import { FaultInjection } from "./fault-injection.ts";
import { Cables } from "./mqtt/cables.ts";
import { CloudQueue } from "./mqtt/cloud-queue.ts";
import { Links } from "./mqtt/links.ts";
import { Methods } from "./mqtt/methods.ts";
import { DeviceSessions } from "./mqtt/sessions.ts";
import { OnceLog } from "./once-log.ts";
import { DeviceViews } from "./page-server/device-view.ts";
import { Feed } from "./page-server/feed.ts";
import { Panels } from "./page-server/unit/panels.ts";
import { UnitSettings } from "./page-server/unit/unit-settings.ts";
import { Devices } from "./registry/devices.ts";
import type { Documents } from "./storage/documents.ts";
import { HubSettings } from "./storage/hub-settings.ts";
import { show } from "./twin/reported-watch.ts";
import { TelemetryLog, type TelemetryMessage } from "./twin/telemetry-log.ts";
import { Timeline } from "./twin/timeline.ts";
import { Twins } from "./twin/twins.ts";

export interface HubCore {
  readonly once: OnceLog;
  readonly settings: HubSettings;
  readonly devices: Devices;
  readonly links: Links;
  readonly cables: Cables;
  readonly faults: FaultInjection;
  readonly telemetry: TelemetryLog;
  readonly timeline: Timeline;
  readonly feed: Feed;
  readonly panels: Panels;
  readonly unitSettings: UnitSettings;
  readonly twins: Twins;
  readonly methods: Methods;
  readonly sessions: DeviceSessions;
  readonly operations: DeviceOperations;
  readonly views: DeviceViews;
  close(): Promise<void>;
}

export async function openHubCore(clock: Clock, log: Log, documents: Documents): Promise<HubCore> {
  const feed = new Feed(clock);
  const settings = await HubSettings.open(documents, log);
  const devices = await Devices.open(documents, log);
  const timeline = await Timeline.open(documents, clock, (event) => {
    feed.publish({ type: "timeline", event });
    feed.changed(event.deviceId, false);
  });
  const once = new OnceLog(log, clock);
  const faults = new FaultInjection(() => clock.wallNow());
  const panels = new Panels(clock, (deviceId, panel) => feed.publish({ type: "panel", deviceId, panel }));
  const unitSettings = new UnitSettings((id) => feed.changed(id, true));
  const links = new Links(log, clock);
  const cables = new Cables();
  const telemetry = new TelemetryLog();
  const onTwin = (id: string) => feed.changed(id, true);
  const twins = new Twins({ clock, devices, links, timeline, faults, onTwin });
  const methods = new Methods(clock, links);
  const queue = new CloudQueue(clock, devices, links, timeline);
  const onTelemetry = (id: string, message: TelemetryMessage) =>
    publishTelemetry(feed, timeline, id, message);
  const parts = { clock, devices, links, twins, methods, queue, telemetry, timeline, feed, cables, faults };
  const sessions = new DeviceSessions({ ...parts, onTelemetry });
  const operations = new DeviceOperations(parts);
  const views = new DeviceViews({ ...parts, panels, unitSettings });
  feed.source = views;
  links.onChange = ({ deviceId }, isConnected) => {
    const text = isConnected ? "connected" : "disconnected";
    timeline.add({ deviceId, kind: text, actor: "device", text });
  };
  links.onContest = (deviceId) => {
    const text = "connections with this id replace each other: do two devices use it?";
    if (!once.warn("hub-id-contested", deviceId, text)) return;
    timeline.add({ deviceId, kind: "rejected", actor: "hub", text });
  };
  return {
    ...{ once, settings, devices, links, cables, faults, telemetry, timeline, feed, panels, unitSettings },
    ...{ twins, methods, sessions, operations, views },
    async close() {
      queue.close();
      feed.close();
      await timeline.close();
      // Saves what is only in memory, such as the last activity. Failures are in the log already.
      await Promise.allSettled(devices.all().map((record) => devices.put(record)));
      await documents.settled();
    },
  };
}

function publishTelemetry(feed: Feed, timeline: Timeline, deviceId: string, message: TelemetryMessage): void {
  const values = message.body;
  if (isRecord(values)) {
    feed.publish({ type: "telemetry", deviceId, atMs: message.atMs, values });
    for (const [name, value] of Object.entries(values)) recordEvent(timeline, deviceId, name, value);
  }
  feed.changed(deviceId, false);
}

/** Telemetry that the model marks as an event belongs in the timeline too. */
function recordEvent(timeline: Timeline, deviceId: string, name: string, value: Json): void {
  if (name === "errorReport" && isRecord(value)) {
    timeline.add({ deviceId, kind: "event", actor: "device", property: name, text: reportText(value) });
    return;
  }
  if (!isTelemetryName(name) || !telemetryModel[name].event) return;
  const text = `${telemetryModel[name].label}: ${show(value)}`;
  timeline.add({ deviceId, kind: "event", actor: "device", property: name, text, after: value });
}

/** A short form; the message contains the whole report. */
function reportText({ kind, code, firmware, at }: JsonObject): string {
  const when = typeof at === "string" && at !== "" ? ` at ${at}` : "";
  return `${telemetryModel.errorReport.label}: ${show(kind ?? "")} ${show(code ?? "")}${when}, firmware ${show(firmware ?? "")}`;
}

const isTelemetryName = (name: string): name is TelemetryName => Object.hasOwn(telemetryModel, name);
