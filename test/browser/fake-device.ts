/** A device as the fake hub plays it: its twin, a day of readings that a real room could have given, its front. */

import type { Json } from "../../src/base/json/value.ts";
import { celsius, duty, relativeHumidity } from "../../src/base/units.ts";
import type { ControlMode } from "../../src/control/input.ts";
import { drawPanel } from "../../src/firmware/front/picture.ts";
import type { DeviceDetail, FirmwareView, PanelView, PropertyRow } from "../../src/hub/page-server/api.ts";
import type { HistorySeries } from "../../src/hub/page-server/api-history.ts";
import type { HatFault } from "../../src/simulation/virtual-hat/faults.ts";

export const startMs = Date.UTC(2026, 0, 17, 18, 40, 0);

export function propertyRow(
  name: string,
  value: Json,
  ack?: PropertyRow["ack"],
  desiredVersion?: number,
): PropertyRow {
  return {
    name,
    status: desiredVersion === undefined ? "device-only" : "acknowledged",
    reported: { value, atMs: startMs },
    ...(ack === undefined ? {} : { ack }),
    ...(desiredVersion === undefined ? {} : { desired: { value, version: desiredVersion, atMs: startMs } }),
  };
}

const done = (version: number) => ({ code: 200, version });
const byDevice = {
  code: 203,
  version: 0,
  text: "set at the device",
  origin: { source: "device" },
} as const;

const series = roomHistory();
const last = (name: string) => series[name]?.values.at(-1) ?? 0;
const now = {
  temperature: last("temperature"),
  humidity: last("humidity"),
  heating: last("heaterOn") === 1,
};

export function device(id: string, changes: Partial<DeviceDetail> = {}): DeviceDetail {
  const atMs = startMs - 8_000;
  return {
    id,
    revision: 1,
    enabled: true,
    connected: true,
    connectionChangedMs: startMs - 5_400_000,
    lastActivityMs: atMs,
    cable: "connected",
    throttled: false,
    modelId: "dtmi:groveHeater:heater;1",
    desiredVersion: 6,
    reportedVersion: 14,
    pending: 0,
    refused: 0,
    faults: [],
    queuedMessages: 0,
    latest: {
      temperature: { value: now.temperature, atMs },
      humidity: { value: now.humidity, atMs },
      heaterOn: { value: now.heating, atMs },
      heatingDemand: { value: now.heating ? 43 : 0, atMs },
      setPoint: { value: 21, atMs },
    },
    firmware: null,
    properties: [
      propertyRow("targetTemperature", 21, done(6), 6),
      propertyRow("controlMode", "auto", byDevice),
      propertyRow("heaterSwitch", false, done(3), 3),
      propertyRow("telemetryInterval", 60, done(4), 4),
      propertyRow("sensorOffset", -0.3, done(2), 2),
      propertyRow("firmwareVersion", "0.1.0"),
      propertyRow("board", "virtual-hat"),
      propertyRow("faults", ""),
      propertyRow("relayCycles", 1284),
      propertyRow("heaterHours", 312.4),
      propertyRow("telemetryDropped", 0),
    ],
    desired: { targetTemperature: 21, $version: 6 },
    reported: { targetTemperature: { value: 21, ac: 200, av: 6 }, $version: 14 },
    desiredMetadata: {},
    reportedMetadata: {},
    tags: {},
    authentication: "sas",
    messages: [],
    ...changes,
  };
}

/** What a unit with slots reports: 1.1.0 runs, and nothing is assigned. */
export const firmware: FirmwareView = {
  installed: "1.1.0",
  program: "a",
  available: "",
  state: "idle",
  progress: 0,
  reason: "",
  lastResult: "none",
  lastVersion: "",
  lastReason: "",
  slotA: "1.1.0",
  slotB: "",
  group: "",
  place: 0,
  image: "",
  lastImage: "",
};

/** Six hours of a heated room, one reading a minute: a set-back until the morning, then warm. */
export function roomHistory(): Readonly<Record<string, HistorySeries>> {
  const series: Record<string, { atMs: number[]; values: number[] }> = {};
  const add = (name: string, atMs: number, value: number) => {
    series[name] ??= { atMs: [], values: [] };
    series[name].atMs.push(atMs);
    series[name].values.push(value);
  };
  let room = 17.75;
  let heater = false;
  for (let minute = -360; minute <= 0; minute += 1) {
    const atMs = startMs + minute * 60_000;
    const target = minute < -42 ? 18 : minute < -11 ? 20 : 21;
    if (room < target - 0.16) heater = true;
    if (room > target + 0.16) heater = false;
    room += (heater ? 0.118 : 0) - (room - 9) * 0.0042;
    const wobble = Math.sin(minute * 1.7) * 0.03 + Math.sin(minute * 0.61) * 0.04;
    add("temperature", atMs, Math.round((room + wobble) * 100) / 100);
    add("humidity", atMs, Math.round((62 - (room - 14) * 2.6 + wobble * 8) * 10) / 10);
    add("setPoint", atMs, target);
    add("heaterOn", atMs, heater ? 1 : 0);
  }
  return series;
}

/** The front of a virtual hat, drawn by the firmware. */
export function front(
  target: number,
  mode: ControlMode,
  online: boolean,
  windowOpen = false,
  faults: readonly HatFault[] = [],
): PanelView {
  return drawPanel({
    kind: "panel-shown",
    screen: {
      temperature: celsius(now.temperature),
      humidity: relativeHumidity(now.humidity),
      target: celsius(target),
      unit: "C",
      mode,
      heating: now.heating,
      demand: duty(now.heating ? 43 : 0),
      firmware: "0.1.0",
      link: online ? "online" : "offline",
      fault: undefined,
      faultCount: 0,
      dimmed: false,
    },
    display: "oled-128x128",
    turn: 0,
    modeLed: mode === "auto",
    statusLed: false,
    relay: now.heating,
    room: { air: Math.round(now.temperature * 10) / 10, outside: 2.4, windowOpen, faults: [...faults] },
  });
}
