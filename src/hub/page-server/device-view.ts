/** A device as the page receives it. Guarantee: contains no key, thumbprint or signature. */

import { faultCodesOf } from "../../model/faults.ts";
import type { FaultInjection } from "../fault-injection.ts";
import type { Cables } from "../mqtt/cables.ts";
import type { Links } from "../mqtt/links.ts";
import type { Devices } from "../registry/devices.ts";
import type { DeviceRecord } from "../registry/record.ts";
import { forDevice } from "../twin/document.ts";
import { propertyRows } from "../twin/reported-watch.ts";
import type { TelemetryLog } from "../twin/telemetry-log.ts";
import type { DeviceDetail, DeviceSummary } from "./api.ts";
import type { FeedSource } from "./feed.ts";
import { firmwareView } from "./firmware/firmware-view.ts";
import type { Panels } from "./unit/panels.ts";
import type { UnitSettings } from "./unit/unit-settings.ts";

export interface ViewParts {
  readonly devices: Devices;
  readonly links: Links;
  readonly cables: Cables;
  readonly faults: FaultInjection;
  readonly panels: Panels;
  readonly unitSettings: UnitSettings;
  readonly telemetry: TelemetryLog;
}

export class DeviceViews implements FeedSource {
  readonly #parts: ViewParts;
  #revision = 0;

  constructor(parts: ViewParts) {
    this.#parts = parts;
  }

  /** All devices, sorted by id. */
  summaries(): DeviceSummary[] {
    return this.#parts.devices.all().map((record) => this.#summaryOf(record));
  }

  summary(id: string): DeviceSummary | undefined {
    const record = this.#parts.devices.get(id);
    return record && this.#summaryOf(record);
  }

  detail(id: string): DeviceDetail | undefined {
    const record = this.#parts.devices.get(id);
    return record && { ...this.#summaryOf(record), ...deviceDetails(this.#parts, record) };
  }

  #summaryOf(record: DeviceRecord): DeviceSummary {
    this.#revision += 1;
    return { ...deviceSummary(this.#parts, record), revision: this.#revision };
  }
}

function deviceSummary(parts: ViewParts, record: DeviceRecord): Omit<DeviceSummary, "revision"> {
  const rows = propertyRows(record);
  return {
    id: record.id,
    enabled: record.enabled,
    connected: parts.links.get(record.id)?.ready === true,
    connectionChangedMs: record.connectionChangedMs,
    lastActivityMs: record.lastActivityMs,
    cable: parts.cables.state(record.id),
    throttled: parts.faults.isThrottled(record.id),
    modelId: record.modelId === "" ? null : record.modelId,
    desiredVersion: record.desired.version,
    reportedVersion: record.reported.version,
    pending: rows.filter((row) => row.status === "pending").length,
    refused: rows.filter((row) => row.status === "refused").length,
    faults: faultCodesOf(record.reported.properties["faults"]),
    queuedMessages: record.queue.length,
    latest: parts.telemetry.latest(record.id),
    firmware: firmwareView(record.reported.properties),
  };
}

function deviceDetails(parts: ViewParts, record: DeviceRecord): Omit<DeviceDetail, keyof DeviceSummary> {
  const panel = parts.panels.of(record.id);
  const settings = parts.unitSettings.of(record.id);
  return {
    properties: propertyRows(record),
    desired: forDevice(record.desired),
    reported: forDevice(record.reported),
    desiredMetadata: record.desired.metadata,
    reportedMetadata: record.reported.metadata,
    tags: record.tags,
    authentication: record.authentication.type,
    ...(panel && { panel }),
    ...(settings && { settings }),
    messages: record.queue.map((message) => ({
      messageId: message.messageId,
      name: message.properties["method-name"] ?? null,
      queuedMs: message.queuedMs,
      expiresMs: message.expiresMs,
      deliveries: message.deliveries,
    })),
  };
}
