/** The eight tiles with a device's main values. */

import type { Json } from "../../../base/json/value.ts";
import type { ReadOnlyName, TelemetryName, WritableName } from "../../../model/cloud-model.ts";
import { faultCodesOf } from "../../../model/faults.ts";
import { setPointSourceWords } from "../../../model/properties.ts";
import type { CloudLink, DeviceDetail, DeviceSummary, PropertyRow } from "../../page-server/api.ts";
import { own } from "./own.ts";
import { originWord, type Tone } from "./status.ts";
import { untilText } from "./text/times.ts";
import { shownUnit, temperatureUnit } from "./text/units.ts";
import { agoText, faultWord, numberText, shorten, spanText, unitOf, valueText } from "./text/words.ts";

export interface TileView {
  readonly value: string;
  readonly unit: string;
  /** One line below the value. */
  readonly note: string;
  readonly tone: Tone | "heat" | "offline";
  /** Absent: the usual one. */
  readonly label?: string;
}

export type TileName =
  | "temperature"
  | "humidity"
  | "setPoint"
  | "heater"
  | "mode"
  | "link"
  | "faults"
  | "firmware";

type Latest = DeviceSummary["latest"][string];

const rowOf = (detail: DeviceDetail, name: WritableName | ReadOnlyName): PropertyRow | undefined =>
  detail.properties.find((row) => row.name === name);

/** @param nowMs by the hub's clock */
export function tileViews(detail: DeviceDetail, nowMs: number): Readonly<Record<TileName, TileView>> {
  const latest = (name: TelemetryName) => own(detail.latest, name);
  return {
    temperature: reading("temperature", detail, nowMs),
    humidity: reading("humidity", detail, nowMs),
    setPoint: setPoint(detail, nowMs),
    heater: heater(latest("heaterOn"), latest("heatingDemand"), detail),
    mode: writable(rowOf(detail, "controlMode")),
    link: detail.cloudLink === undefined ? link(detail, nowMs) : cloud(detail.cloudLink, detail.connected),
    faults: faults(rowOf(detail, "faults")?.reported?.value),
    firmware: firmware(detail),
  };
}

function reading(name: TelemetryName, device: DeviceSummary, nowMs: number): TileView {
  const [latest, unit] = [own(device.latest, name), unitOf(name)];
  if (typeof latest?.value !== "number") return { value: "—", unit: "", note: "no reading", tone: "offline" };
  const note = agoText(nowMs - latest.atMs);
  const tone = device.connected ? "quiet" : "offline";
  return { value: numberText(latest.value, unit), unit: shownUnit(unit), note, tone };
}

/** The set-point in force, which boost, away and the schedule decide before the one that was set. */
function setPoint(detail: DeviceDetail, nowMs: number): TileView {
  const set = writable(rowOf(detail, "targetTemperature"));
  const from = rowOf(detail, "setPointFrom")?.reported?.value;
  const decider = (typeof from === "string" && own(setPointSourceWords, from)) || "";
  if (decider === "" || set.tone !== "quiet") return set;
  const inForce = own(detail.latest, "setPoint")?.value;
  const value = from !== "hold" && typeof inForce === "number" ? numberText(inForce, "°C") : set.value;
  const until = rowOf(detail, from === "boost" ? "boostUntil" : "setPointUntil")?.reported?.value;
  const untilMs = typeof until === "string" ? Date.parse(until) : Number.NaN;
  const note = Number.isNaN(untilMs) ? decider : `${decider} until ${untilText(untilMs, nowMs)}`;
  return { value, unit: temperatureUnit(), note, tone: "quiet" };
}

/** A writable property: the value in force and a pending one. */
function writable(row: PropertyRow | undefined): TileView {
  const { reported, desired } = row ?? {};
  const unit = unitOf(row?.name ?? "");
  const text = (value: Json | undefined) =>
    typeof value === "number" ? numberText(value, unit) : valueText(row?.name ?? "", value);
  const value = text(reported?.value);
  const base = { value, unit: typeof reported?.value === "number" ? shownUnit(unit) : "" };
  if (row?.status === "pending" && desired !== undefined) {
    return { ...base, note: `→ ${valueText(row.name, desired.value)} pending`, tone: "pending" };
  }
  if (row?.status === "refused" && desired !== undefined) {
    return { ...base, note: `${valueText(row.name, desired.value)} refused`, tone: "bad" };
  }
  const origin = originWord(row?.ack?.origin?.source).toLowerCase();
  const note = reported === undefined ? "not reported" : row?.ack?.code === 203 ? origin : "in force";
  return { ...base, note, tone: reported === undefined ? "offline" : "quiet" };
}

function heater(on: Latest | undefined, demand: Latest | undefined, device: DeviceSummary): TileView {
  if (typeof on?.value !== "boolean") return { value: "—", unit: "", note: "unknown", tone: "offline" };
  const note = typeof demand?.value === "number" ? `demand ${numberText(demand.value, "%")} %` : "";
  const tone = !device.connected ? "offline" : on.value ? "heat" : "quiet";
  return { value: on.value ? "On" : "Off", unit: "", note, tone };
}

/** The link state, and since when. */
export function link(device: DeviceSummary, nowMs: number): TileView {
  const since = device.connectionChangedMs === null ? "" : spanText(nowMs - device.connectionChangedMs);
  if (!device.enabled) return { value: "Disabled", unit: "", note: "in the registry", tone: "bad" };
  if (device.connected && device.cable === "silence") {
    return { value: "Silent", unit: "", note: "traffic is dropped", tone: "pending" };
  }
  if (device.connected) {
    return {
      value: "Online",
      unit: "",
      note: since === "" || since === "now" ? "just now" : `for ${since}`,
      tone: "good",
    };
  }
  const seen = device.lastActivityMs ?? device.connectionChangedMs;
  const note = seen === null ? "never seen" : `last seen ${agoText(nowMs - seen)}`;
  return { value: "Offline", unit: "", note, tone: "offline" };
}

/** Of a device's own page. */
function cloud(link: CloudLink, answers: boolean): TileView {
  const words = { none: "None", connecting: "Connecting", online: "Online", offline: "Offline" };
  const note = link === "none" ? "no cloud is configured" : "link to the cloud";
  const tone = !answers ? "offline" : link === "online" ? "good" : link === "offline" ? "bad" : "quiet";
  return { label: "Cloud", value: words[link], unit: "", note, tone };
}

function faults(value: Json | undefined): TileView {
  if (value === undefined) return { value: "—", unit: "", note: "not reported", tone: "offline" };
  const active = faultCodesOf(value);
  const [mostSevere] = active;
  if (mostSevere === undefined) return { value: "None", unit: "", note: "no active fault", tone: "good" };
  const more = active.length > 1 ? ` and ${active.length - 1} more` : "";
  return { value: faultWord(mostSevere), unit: "", note: `${shorten(mostSevere, 24)}${more}`, tone: "bad" };
}

function firmware(detail: DeviceDetail): TileView {
  const version = rowOf(detail, "firmwareVersion")?.reported?.value;
  const board = rowOf(detail, "board")?.reported?.value;
  if (typeof version !== "string") return { value: "—", unit: "", note: "not reported", tone: "offline" };
  return {
    value: shorten(version, 16),
    unit: "",
    note: typeof board === "string" ? shorten(board, 28) : "",
    tone: "quiet",
  };
}
