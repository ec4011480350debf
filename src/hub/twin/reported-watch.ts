/**
 * Interprets what a device reports: which desired values it applied, refused or overruled.
 * Acknowledgements are those of IoT Plug and Play (https://learn.microsoft.com/azure/iot/concepts-convention).
 *
 * Guarantee: pure. A conflict is recorded once, from the acknowledgement alone and without the hub's memory of the
 * offline period, so that a restart of the hub hides no lost value.
 */
import { isoTime } from "../../base/iso-time.ts";
import { equalJson, type Json, member, textOfJson } from "../../base/json/value.ts";
import { read } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { lenient, number, string, withDefault } from "../../base/schema/values.ts";
import {
  describeSuperseded,
  parseOrigin,
  parseSuperseded,
  type Superseded,
} from "../../control/twin/superseded.ts";
import { sideOf } from "../../model/sources.ts";
import { json } from "../body.ts";
import type { Acknowledgement, PropertyRow, PropertyStatus } from "../page-server/api.ts";
import type { DeviceRecord } from "../registry/record.ts";
import type { TwinSection } from "./document.ts";
import type { TimelineDraft } from "./timeline.ts";

const acknowledged = object({
  value: withDefault(json, null),
  ac: number(),
  av: number(),
  ad: lenient(string(), () => ""),
});
const stamp = object({
  $lastUpdated: lenient(string(), () => ""),
  $lastUpdatedVersion: lenient(number(), () => undefined),
});

/**
 * Separates a reported value from its acknowledgement. The value is `null` when the device refused an unknown property.
 */
export function unwrap(reported: Json): { readonly value: Json; readonly ack?: Acknowledgement } {
  const wrapped = read(acknowledged, reported);
  if (wrapped === undefined) return { value: reported };
  const { value, ac: code, av: version, ad: text } = wrapped;
  const origin = originOf(text);
  return {
    value,
    ack: { code, version, ...(text !== "" && { text }), ...(origin && { origin }) },
  };
}

function originOf(text: string): Acknowledgement["origin"] {
  const { source, wallMs } = parseOrigin(text) ?? {};
  return source === undefined
    ? undefined
    : { source: sideOf(source), ...(wallMs !== undefined && { atMs: wallMs }) };
}

/** Every desired or reported property, sorted by name. */
export function propertyRows(record: DeviceRecord): PropertyRow[] {
  const names = new Set([
    ...Object.keys(record.desired.properties),
    ...Object.keys(record.reported.properties),
  ]);
  const answered = Math.max(0, ...[...names].map((name) => ackOf(record, name)?.version ?? 0));
  return [...names].sort().map((name) => propertyRow(record, name, answered));
}

function ackOf(record: DeviceRecord, name: string): Acknowledgement | undefined {
  const raw = member(record.reported.properties, name);
  return raw === undefined ? undefined : unwrap(raw).ack;
}

/** @param answered the newest desired version that the device has acknowledged with any property */
function propertyRow(record: DeviceRecord, name: string, answered: number): PropertyRow {
  const wanted = member(record.desired.properties, name);
  const raw = member(record.reported.properties, name);
  const { value, ack } = raw === undefined ? { value: undefined, ack: undefined } : unwrap(raw);
  const desired = wanted === undefined ? undefined : { value: wanted, ...stampOf(record.desired, name) };
  const reported = value === undefined ? undefined : { value, atMs: stampOf(record.reported, name).atMs };
  return {
    name,
    status: statusOf(desired, reported, ack, answered),
    ...(desired === undefined ? {} : { desired }),
    ...(reported === undefined ? {} : { reported }),
    ...(ack === undefined ? {} : { ack }),
  };
}

function statusOf(
  desired: PropertyRow["desired"],
  reported: PropertyRow["reported"],
  ack: Acknowledgement | undefined,
  answered: number,
): PropertyStatus {
  if (desired === undefined) return ack !== undefined && ack.version > 0 ? "deleted" : "device-only";
  // The device has acknowledged the version but not this name: it has no such property.
  if (reported === undefined) return answered >= desired.version ? "unanswered" : "pending";
  const same = equalJson(desired.value, reported.value);
  if (ack === undefined) return same ? "acknowledged" : "pending";
  if (ack.version === 0) {
    // A change on the device refers to no desired version: compare the times instead.
    if (same) return "acknowledged";
    return desired.atMs > reported.atMs ? "pending" : "overruled";
  }
  if (ack.version < desired.version || ack.code === 202) return "pending";
  if (ack.code >= 400) return "refused";
  // 200 with another value: the nearest value that the device supports.
  return same || ack.code === 200 ? "acknowledged" : "overruled";
}

function stampOf(section: TwinSection, name: string): { version: number; atMs: number } {
  const { $lastUpdated: updated = "", $lastUpdatedVersion: version } =
    read(stamp, member(section.metadata, name)) ?? {};
  const atMs = Date.parse(updated);
  return {
    version: version ?? section.version,
    atMs: Number.isNaN(atMs) ? 0 : atMs,
  };
}

/** The timeline events of a reported `patch`, one per property. */
export function reportedEvents(
  before: DeviceRecord,
  after: DeviceRecord,
  patch: Readonly<Record<string, Json>>,
): TimelineDraft[] {
  return Object.keys(patch)
    .filter((name) => !name.startsWith("$"))
    .map((name) => reportedEvent(before, after, name))
    .filter((draft) => draft !== undefined);
}

function reportedEvent(before: DeviceRecord, after: DeviceRecord, name: string): TimelineDraft | undefined {
  const old = member(before.reported.properties, name);
  const raw = member(after.reported.properties, name);
  if (equalJson(old, raw)) return undefined;
  const common = { deviceId: after.id, actor: "device", property: name } as const;
  if (raw === undefined) return { ...common, kind: "reported", text: `${name} is no longer reported` };
  const known = old === undefined ? undefined : unwrap(old);
  const was = known?.value;
  const { value, ack } = unwrap(raw);
  const facts = { ...common, ...(was === undefined ? {} : { before: was }), after: value };
  if (ack === undefined || ack.version === 0) {
    const origin = ack?.text === undefined ? "" : ` (${ack.text})`;
    const text = `the device reports ${name} ${show(value)}${origin}`;
    return { ...facts, kind: "reported", text, ...(ack === undefined ? {} : { ack }) };
  }
  return {
    ...facts,
    ...acknowledgedEvent(after.desired, name, value, { ack, known: known?.ack }),
    ack,
    version: ack.version,
  };
}

type AckEvent = Pick<TimelineDraft, "kind" | "text" | "winner" | "lost" | "lostAtMs" | "deleted">;

/** The event of an acknowledgement: applied, refused, or a conflict and its winner. */
function acknowledgedEvent(
  desired: TwinSection,
  name: string,
  value: Json,
  { ack, known }: { readonly ack: Acknowledgement; readonly known: Acknowledgement | undefined },
): AckEvent {
  if (ack.code >= 400) {
    const words = ack.text === undefined ? "" : `: ${ack.text}`;
    return { kind: "refused", text: `the device refused the desired ${name} (${ack.code})${words}` };
  }
  const wanted = member(desired.properties, name);
  const superseded = parseSuperseded(ack.text ?? "");
  const recorded = parseSuperseded(known?.text ?? "");
  if (
    superseded !== undefined &&
    (recorded === undefined || describeSuperseded(recorded) !== describeSuperseded(superseded))
  ) {
    return sideOf(superseded.source) === "device"
      ? desiredWon(name, wanted, value, superseded)
      : deviceWon(
          name,
          value,
          superseded.value,
          wanted === undefined ? undefined : stampOf(desired, name).atMs,
        );
  }
  const same = wanted === undefined || equalJson(wanted, value);
  if (!same && superseded === undefined && ack.code !== 200) {
    return deviceWon(name, value, wanted, stampOf(desired, name).atMs);
  }
  const verb = ack.code === 203 ? "keeps" : "applied";
  const near = same || ack.code !== 200 ? "" : `, the nearest it supports to ${show(wanted)}`;
  return { kind: "acknowledged", text: `the device ${verb} ${name} ${show(value)}${near}` };
}

function desiredWon(
  name: string,
  wanted: Json | undefined,
  value: Json,
  { value: lost, wallMs }: Superseded,
): AckEvent {
  const won =
    wanted === undefined ? `the deletion (${show(value)} by default)` : `the desired ${show(value)}`;
  const text = `both changed ${name}: ${won} won over the device's ${show(lost)}${of(wallMs)}`;
  return { kind: "conflict", winner: "operator", lost, ...lostDetails(wallMs, wanted === undefined), text };
}

/** @param editedMs when the desired value was written */
function deviceWon(name: string, value: Json, lost: Json, editedMs: number | undefined): AckEvent {
  const what = editedMs === undefined ? "deletion" : `desired ${show(lost)}`;
  const text = `both changed ${name}: the device's ${show(value)} won over the ${what}${of(editedMs)}`;
  return { kind: "conflict", winner: "device", lost, ...lostDetails(editedMs, editedMs === undefined), text };
}

const lostDetails = (lostAtMs: number | undefined, deleted: boolean) => ({
  ...(lostAtMs !== undefined && { lostAtMs }),
  ...(deleted && { deleted }),
});

const of = (atMs: number | undefined): string => (atMs === undefined ? "" : ` of ${isoTime(atMs)}`);

export const show = (value: Json): string => {
  const text = textOfJson(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
};
