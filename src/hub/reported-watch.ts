/**
 * Reads what a device reports as a person would: which desired values it took, which it refused, which it overruled.
 * Acknowledgements are those of IoT Plug and Play (https://learn.microsoft.com/azure/iot/concepts-convention).
 *
 * Guarantee: pure.
 */
import type { DeviceRecord } from "./device-record.ts";
import { equalJson, isObject, type Json, member, numberMember, textMember } from "./json-value.ts";
import type { PropertyRow, PropertyStanding } from "./page-api.ts";
import type { TimelineDraft } from "./timeline.ts";
import type { TwinHalf } from "./twin-document.ts";

interface Ack {
  readonly code: number;
  readonly version: number;
  readonly text?: string;
}

/** A reported value, taken out of its acknowledgement when it is in one. */
export function unwrap(value: Json): { readonly value: Json; readonly ack?: Ack } {
  const code = numberMember(value, "ac");
  const version = numberMember(value, "av");
  const inner = member(value, "value");
  if (code === undefined || version === undefined || inner === undefined) return { value };
  const text = textMember(value, "ad");
  return { value: inner, ack: { code, version, ...(text === undefined || text === "" ? {} : { text }) } };
}

/** Every property that either side has, by name. */
export function propertyRows(record: DeviceRecord): PropertyRow[] {
  const names = new Set([
    ...Object.keys(record.desired.properties),
    ...Object.keys(record.reported.properties),
  ]);
  return [...names].sort().map((name) => propertyRow(record, name));
}

function propertyRow(record: DeviceRecord, name: string): PropertyRow {
  const wanted = record.desired.properties[name];
  const told = record.reported.properties[name];
  const { value, ack } = told === undefined ? { value: undefined, ack: undefined } : unwrap(told);
  const desired = wanted === undefined ? undefined : { value: wanted, ...stampOf(record.desired, name) };
  const reported = value === undefined ? undefined : { value, atMs: stampOf(record.reported, name).atMs };
  return {
    name,
    standing: standing(desired, reported, ack),
    ...(desired === undefined ? {} : { desired }),
    ...(reported === undefined ? {} : { reported }),
    ...(ack === undefined ? {} : { ack }),
  };
}

function standing(
  desired: PropertyRow["desired"],
  reported: PropertyRow["reported"],
  ack: Ack | undefined,
): PropertyStanding {
  if (desired === undefined) return ack !== undefined && ack.version > 0 ? "deleted" : "device-only";
  if (reported === undefined) return "pending";
  const same = equalJson(desired.value, reported.value);
  if (ack === undefined) return same ? "acknowledged" : "pending";
  if (ack.version === 0) {
    // The device's own change names no desired version: which of the two came later tells whether it saw the other.
    if (same) return "acknowledged";
    return desired.atMs > reported.atMs ? "pending" : "overruled";
  }
  if (ack.version < desired.version || ack.code === 202) return "pending";
  if (ack.code >= 400) return "refused";
  return same ? "acknowledged" : "overruled";
}

function stampOf(half: TwinHalf, name: string): { version: number; atMs: number } {
  const metadata = member(half.metadata, name);
  const atMs = Date.parse(textMember(metadata, "$lastUpdated") ?? "");
  return {
    version: numberMember(metadata, "$lastUpdatedVersion") ?? half.version,
    atMs: Number.isNaN(atMs) ? 0 : atMs,
  };
}

/** What happened, property by property, as a device reported `patch`. */
export function reportedEvents(
  before: DeviceRecord,
  after: DeviceRecord,
  patch: Readonly<Record<string, Json>>,
  editedApart: ReadonlySet<string>,
): TimelineDraft[] {
  return Object.keys(patch)
    .filter((name) => !name.startsWith("$"))
    .map((name) => reportedEvent(before, after, name, editedApart.has(name)))
    .filter((draft) => draft !== undefined);
}

function reportedEvent(
  before: DeviceRecord,
  after: DeviceRecord,
  name: string,
  apart: boolean,
): TimelineDraft | undefined {
  const old = before.reported.properties[name];
  const told = after.reported.properties[name];
  if (equalJson(old, told)) return undefined;
  const common = { deviceId: after.id, actor: "device", property: name } as const;
  if (told === undefined) return { ...common, kind: "reported", text: `${name} is not reported any more` };
  const was = old === undefined ? undefined : unwrap(old).value;
  const { value, ack } = unwrap(told);
  const wanted = after.desired.properties[name];
  const facts = {
    ...common,
    ...(was === undefined ? {} : { before: was }),
    after: value,
    ...(ack === undefined ? {} : { ack }),
  };
  if (ack === undefined || (ack.version === 0 && !apart)) {
    return { ...facts, kind: "reported", text: `the device set ${name} to ${show(value)}` };
  }
  const version = ack.version === 0 ? after.desired.version : ack.version;
  if (ack.code >= 400) {
    const why = ack.text === undefined ? "" : `: ${ack.text}`;
    return { ...facts, version, kind: "refused", text: `the device refused ${name} (${ack.code})${why}` };
  }
  if (wanted !== undefined && !equalJson(wanted, value)) {
    return {
      ...facts,
      version,
      kind: "conflict",
      winner: "device",
      lost: wanted,
      text: `both changed ${name}: the device's ${show(value)} won over ${show(wanted)}`,
    };
  }
  const lost = lostByDevice(was, value, ack);
  if (apart && lost !== undefined) {
    return {
      ...facts,
      version,
      kind: "conflict",
      winner: "operator",
      lost,
      text: `both changed ${name}: the desired ${show(value)} won over the device's ${show(lost)}`,
    };
  }
  return { ...facts, version, kind: "acknowledged", text: `the device took ${name} ${show(value)}` };
}

/** A device that lost says in its words what it gave up, as in `… lost 21.5 …`; the wire has no field for it. */
function lostByDevice(was: Json | undefined, value: Json, ack: Ack): Json | undefined {
  if (ack.text === undefined || !/device/i.test(ack.text)) return undefined;
  const named = /(?:device's|device:|lost) ("[^"]*"|-?\d+(?:\.\d+)?|true|false)/i.exec(ack.text)?.[1];
  if (named !== undefined) return JSON.parse(named) as Json;
  return was === undefined || equalJson(was, value) ? undefined : was;
}

export const show = (value: Json): string => {
  const text = isObject(value) || Array.isArray(value) ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
};
