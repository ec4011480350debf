/**
 * Folder twin/: device twins: documents with versions, timeline, telemetry.
 *
 * Changes to twins, from both sides.
 *
 * Guarantee: a change is on the disk before it is sent to or confirmed for the device; desired patches are sent in the
 * order of their versions.
 */
import type { Clock } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import { isRecord, type Json, type JsonObject, member, readJson } from "../../base/json/value.ts";
import type { FaultInjection } from "../fault-injection.ts";
import type { Link, Links } from "../mqtt/links.ts";
import { desiredPatch, desiredPatches, twinAnswer, twinAnswers } from "../mqtt/topics.ts";
import type { Actor, TimelineEvent } from "../page-server/api.ts";
import type { Devices } from "../registry/devices.ts";
import type { DeviceRecord } from "../registry/record.ts";
import {
  forDevice,
  isRefused,
  type PatchRefused,
  patchSection,
  patchTags,
  replacingPatch,
} from "./document.ts";
import { reportedEvents, show } from "./reported-watch.ts";
import type { Timeline } from "./timeline.ts";

/** `null` as tags or desired clears them. */
export interface TwinEdit {
  readonly tags?: unknown;
  readonly desired?: unknown;
  /** Whole documents instead of patches. */
  readonly replace?: boolean;
}

export type TwinEdited =
  | { readonly record: DeviceRecord; readonly pushed: boolean }
  | PatchRefused
  | { readonly refused: "not-found"; readonly why: string };

export interface TwinParts {
  readonly clock: Clock;
  readonly devices: Devices;
  readonly links: Links;
  readonly timeline: Timeline;
  readonly faults: FaultInjection;
  readonly onTwin: (deviceId: string) => void;
}

export class Twins {
  readonly #parts: TwinParts;
  /** Called with the device id when a report is on the disk. */
  onReported: (deviceId: string) => void = () => {};

  constructor(parts: TwinParts) {
    this.#parts = parts;
  }

  /** Applies an edit; resolves when it is on the disk and, if the device is connected, sent. */
  async edit(deviceId: string, edit: TwinEdit): Promise<TwinEdited> {
    const { clock, devices } = this.#parts;
    const before = devices.get(deviceId);
    if (before === undefined) return { refused: "not-found", why: `there is no device ${deviceId}` };
    const changed = applyEdit(before, edit, clock.wallNow());
    if (isRefused(changed)) return changed;
    const { record, patch } = changed;
    const saved = devices.put(record);
    if (patch !== undefined) this.#record(before, record, patch);
    await saved;
    const pushed = patch !== undefined && this.#push(deviceId, patch, record.desired.version);
    this.#parts.onTwin(deviceId);
    return { record, pushed };
  }

  /** Answers a device's GET. */
  async answerGet(link: Link, rid: string): Promise<void> {
    const { devices, faults } = this.#parts;
    const fault = faults.twinAnswer(link.deviceId);
    if (fault === "nothing") return;
    if (fault !== undefined) return answer(link, twinAnswer(fault.status, rid), fault.body);
    const record = devices.get(link.deviceId);
    if (record === undefined) return;
    await devices.settled(link.deviceId);
    const body = { desired: forDevice(record.desired), reported: forDevice(record.reported) };
    answer(link, twinAnswer(200, rid), JSON.stringify(body));
  }

  /** Answers a device's reported patch. */
  async answerPatch(link: Link, rid: string, payload: string): Promise<void> {
    const { clock, devices, timeline, faults } = this.#parts;
    const fault = faults.twinAnswer(link.deviceId);
    if (fault === "nothing") return;
    if (fault !== undefined) return answer(link, twinAnswer(fault.status, rid), fault.body);
    const before = devices.get(link.deviceId);
    if (before === undefined) return;
    const patch = readJson(payload);
    const reported = patchSection(before.reported, patch, clock.wallNow());
    if (isRefused(reported)) {
      const status = reported.refused === "too-large" ? 413 : 400;
      return answer(link, twinAnswer(status, rid), errorBody(status, reported.why, clock.wallNow()));
    }
    const after: DeviceRecord = { ...before, reported, twinVersion: before.twinVersion + 1 };
    const saved = devices.put(after);
    if (isRecord(patch)) {
      for (const draft of reportedEvents(before, after, patch)) timeline.add(draft);
    }
    await saved;
    answer(link, twinAnswer(204, rid, reported.version), "");
    this.#parts.onTwin(link.deviceId);
    this.onReported(link.deviceId);
  }

  #push(deviceId: string, patch: JsonObject, version: number): boolean {
    const body = JSON.stringify({ ...patch, $version: version });
    return this.#parts.links.get(deviceId)?.send(desiredPatches, desiredPatch(version), body) ?? false;
  }

  #record(before: DeviceRecord, after: DeviceRecord, patch: JsonObject): void {
    const offline = this.#parts.links.get(after.id) === undefined;
    for (const [name, value] of Object.entries(patch)) {
      if (!name.startsWith("$")) this.#parts.timeline.add(desiredEvent(before, after, name, value, offline));
    }
  }
}

function desiredEvent(
  before: DeviceRecord,
  after: DeviceRecord,
  name: string,
  value: Json,
  whileOffline: boolean,
): Omit<TimelineEvent, "sequence" | "atMs"> {
  const was = member(before.desired.properties, name);
  const actor: Actor = "operator";
  return {
    deviceId: after.id,
    kind: "desired",
    actor,
    property: name,
    version: after.desired.version,
    after: value,
    text: value === null ? `desired ${name} was deleted` : `desired ${name} was set to ${show(value)}`,
    ...(was === undefined ? {} : { before: was }),
    ...(whileOffline ? { whileOffline: whileOffline } : {}),
  };
}

function applyEdit(
  before: DeviceRecord,
  edit: TwinEdit,
  atMs: number,
): { record: DeviceRecord; patch?: JsonObject } | PatchRefused {
  let record: DeviceRecord = { ...before, twinVersion: before.twinVersion + 1 };
  let patch: JsonObject | undefined;
  if (edit.tags !== undefined) {
    const tags = patchTags(edit.replace === true || edit.tags === null ? {} : before.tags, edit.tags ?? {});
    if (isRefused(tags)) return tags;
    record = { ...record, tags: tags.tags };
  }
  if (edit.desired !== undefined) {
    const requested = edit.desired ?? {};
    if (!isRecord(requested)) {
      return { refused: "malformed", why: "properties.desired must be an object" };
    }
    const { $version: _version, $metadata: _metadata, ...wanted } = requested;
    patch = edit.replace === true || edit.desired === null ? replacingPatch(before.desired, wanted) : wanted;
    const desired = patchSection(before.desired, patch, atMs);
    if (isRefused(desired)) return desired;
    record = { ...record, desired };
  }
  return patch === undefined ? { record } : { record, patch };
}

/** The body of an error in IoT Hub's format. */
export const errorBody = (status: number, message: string, atMs: number): string =>
  JSON.stringify({ errorCode: status * 1000 + 1, message, trackingId: "", timestampUtc: isoTime(atMs) });

function answer(link: Link, topic: string, body: string): void {
  link.send(twinAnswers, topic, body);
}
