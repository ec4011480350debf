/** The device's status as text for a terminal. */
import { percentText } from "../../board/screen/format.ts";
import { faultEffects } from "../../model/faults.ts";
import { type WritableName, writableNames, writableProperties } from "../../model/properties.ts";
import { isWeek, weekSummary } from "../../model/week.ts";
import type { DeviceStatus } from "./messages.ts";
import { degrees, inForceText, momentOf } from "./schedule-text.ts";

const labelWidth = 12;
/** Who set a value. */
const origins: Readonly<Record<string, string>> = {
  device: "at the device",
  cloud: "by the cloud",
  local: "by a command",
  "home-assistant": "by Home Assistant",
};

/** Several lines. @param nowMs wall time */
export function statusText(status: DeviceStatus, nowMs: number): string {
  const { temperature, humidity, heater, demand, link, homeAssistant, faults, firmware, board, startedAt } =
    status;
  const rows: [string, string][] = [
    ["Room", `${degrees(temperature, status)}, humidity ${percentText(humidity)} %`],
    ["Set-point", setPointText(status, nowMs)],
    ["Mode", changeText("controlMode", status, nowMs)],
    ["Heater", `${heater ? "on" : "off"}, demand ${demand} %`],
    ["Cloud", link === "none" ? "not connected to any" : link],
    ...(homeAssistant === undefined ? [] : [["MQTT", `Home Assistant ${homeAssistant}`] as [string, string]]),
    ["Faults", faults.length === 0 ? "none" : faults.join(", ")],
    ...faults.map((fault): [string, string] => ["", faultEffects[fault].remedy]),
    ["Relay", `${status.relayCycles} cycles, heater on for ${status.heaterHours.toFixed(1)} h in total`],
    ["Firmware", `${firmware} on ${board}, up ${spanText(nowMs - Date.parse(startedAt))}`],
  ];
  if (!status.stored) rows.push(["Storage", "changes wait to be written"]);
  return rows.map(([label, text]) => `${label.padEnd(labelWidth)}${text}`).join("\n");
}

/** One line, for a display that is renewed. */
export const statusLine = (status: DeviceStatus): string =>
  [
    degrees(status.temperature, status),
    `set-point ${degrees(status.aim, status)}${fromText(status)}`,
    String(status.values["controlMode"]?.value),
    `heater ${status.heater ? "on" : "off"} (${status.demand} %)`,
    ...(status.faults.length > 0 ? [`FAULTS: ${status.faults.join(", ")}`] : []),
  ].join(", ");

const fromText = ({ setPointFrom = "set-point" }: DeviceStatus): string =>
  setPointFrom === "set-point" ? "" : ` (${setPointFrom})`;

function setPointText(status: DeviceStatus, nowMs: number): string {
  const { boostUntil, aim, setPointFrom = "set-point", setPointUntil } = status;
  if (setPointFrom === "away" || setPointFrom === "schedule") return inForceText(status, nowMs);
  const own = changeText("targetTemperature", status, nowMs);
  if (setPointFrom === "hold") {
    const until = setPointUntil === undefined ? "" : ` until ${momentOf(setPointUntil, status, nowMs)}`;
    return `${own}; hold${until}`;
  }
  if (boostUntil === undefined) return own;
  return `${own}; boost to ${degrees(aim, status)} for another ${spanText(Date.parse(boostUntil) - nowMs)}`;
}

/** The value of a property, and who set it when. */
export function changeText(name: WritableName, status: DeviceStatus, nowMs: number): string {
  const entry = status.values[name];
  if (entry === undefined) return "unknown";
  const { source, changedAt } = entry;
  const value = valueText(name, entry.value, status);
  if (changedAt === null) return `${value} (default)`;
  return `${value} (set ${origins[source] ?? `by ${source}`} ${spanText(nowMs - Date.parse(changedAt))} ago)`;
}

/** `21.5 °C`, `auto`, `on`. */
export function valueText(name: WritableName, value: unknown, status: Pick<DeviceStatus, "unit">): string {
  const { schema } = writableProperties[name];
  if (schema.kind === "flag") return value === true ? "on" : "off";
  if (schema.kind === "week") return isWeek(value) ? weekSummary(value) : "unknown";
  if (!("unit" in schema)) return String(value);
  return schema.unit === "°C" && typeof value === "number"
    ? degrees(value, status)
    : `${value} ${schema.unit}`;
}

/** `3 d 4 h`, `5 min`, `12 s`. A negative span counts as 0, since two clocks may differ a little. */
export function spanText(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  const min = Math.round(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  return h < 48 ? `${h} h ${min % 60} min` : `${Math.floor(h / 24)} d ${h % 24} h`;
}

/** Every writable property as `name value`, for the help of `set`. */
export const writableList = (): string =>
  writableNames.map((name) => `  ${name.padEnd(20)}${writableProperties[name].doc}`).join("\n");
