/**
 * Reads what a device reports as a person would: which desired values it took, which it refused, which it overruled.
 * Acknowledgements are those of IoT Plug and Play (https://learn.microsoft.com/azure/iot/concepts-convention).
 *
 * Guarantee: pure.
 */
import type { DeviceRecord } from "./device-record.ts";
import { equalJson, isObject, type Json, member, numberMember, readJson, textMember } from "./json-value.ts";
import type { PropertyRow, PropertyStanding } from "./page-api.ts";
import type { TimelineDraft } from "./timeline.ts";
import type { TwinHalf } from "./twin-document.ts";

interface Ack {
  readonly code: number;
  readonly version: number;
  readonly text?: string;
}

/**
 * A reported value, taken out of its acknowledgement when it is in one. A refusal of a property that the device does
 * not have comes without a value: `null`.
 */
export function unwrap(value: Json): { readonly value: Json; readonly ack?: Ack } {
  const code = numberMember(value, "ac");
  const version = numberMember(value, "av");
  if (code === undefined || version === undefined) return { value };
  const text = textMember(value, "ad");
  return {
    value: member(value, "value") ?? null,
    ack: { code, version, ...(text === undefined || text === "" ? {} : { text }) },
  };
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
  const wanted = member(record.desired.properties, name);
  const told = member(record.reported.properties, name);
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
  const old = member(before.reported.properties, name);
  const told = member(after.reported.properties, name);
  if (equalJson(old, told)) return undefined;
  const common = { deviceId: after.id, actor: "device", property: name } as const;
  if (told === undefined) return { ...common, kind: "reported", text: `${name} is not reported any more` };
  const was = old === undefined ? undefined : unwrap(old).value;
  const { value, ack } = unwrap(told);
  const facts = { ...common, ...(was === undefined ? {} : { before: was }), after: value };
  if (ack === undefined || ack.version === 0) {
    const origin = ack?.text === undefined ? "" : ` (${ack.text})`;
    const text = `the device reports ${name} ${show(value)}${origin}`;
    return { ...facts, kind: "reported", text, ...(ack === undefined ? {} : { ack }) };
  }
  return {
    ...facts,
    ...acknowledgedEvent(before, after, name, apart, value, ack),
    ack,
    version: ack.version,
  };
}

/** What an acknowledgement of a desired version says: taken, refused, or who won where both had changed it. */
function acknowledgedEvent(
  before: DeviceRecord,
  after: DeviceRecord,
  name: string,
  apart: boolean,
  value: Json,
  ack: Ack,
): Pick<TimelineDraft, "kind" | "text" | "winner" | "lost"> {
  const words = ack.text === undefined ? "" : `: ${ack.text}`;
  if (ack.code >= 400) {
    return { kind: "refused", text: `the device refused the desired ${name} (${ack.code})${words}` };
  }
  const wanted = member(after.desired.properties, name);
  if (wanted !== undefined && !equalJson(wanted, value)) {
    const text = `the device keeps ${name} ${show(value)} over the desired ${show(wanted)}${words}`;
    return { kind: "conflict", winner: "device", lost: wanted, text };
  }
  const lost = apart ? lostByDevice(before, after, name) : undefined;
  if (lost !== undefined) {
    const text = `both changed ${name}: the desired ${show(value)} won over the device's ${show(lost)}`;
    return { kind: "conflict", winner: "operator", lost, text };
  }
  return { kind: "acknowledged", text: `the device took ${name} ${show(value)}` };
}

/**
 * What the device had set while it was away and has given up. An acknowledgement has no place for it; but a device
 * that says in `lastChange` what the cloud's value took the place of says it when that is news to the hub.
 */
function lostByDevice(before: DeviceRecord, after: DeviceRecord, name: string): Json | undefined {
  const change = member(after.reported.properties, "lastChange");
  if (textMember(change, "property") !== name || textMember(change, "source") !== "cloud") return undefined;
  const from = textMember(change, "from");
  const known = member(before.reported.properties, name);
  if (from === undefined || known === undefined || from === String(unwrap(known).value)) return undefined;
  return readJson(from) ?? from;
}

export const show = (value: Json): string => {
  const text = isObject(value) || Array.isArray(value) ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
};
