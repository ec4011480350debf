/** The status that a running device reports over the local socket. */
import { isoTime } from "../../base/iso-time.ts";
import { eachWritable } from "../../model/properties.ts";
import type { Device, Observation } from "../device.ts";
import type { LiveSettings } from "../storage/live-settings.ts";
import type { DeviceStatus } from "./messages.ts";

/** The part of the status that does not change while the device runs. */
export interface DeviceIdentity {
  readonly firmware: string;
  readonly board: string;
  readonly startedAt: string;
  readonly timeZone: string;
}

export type ObservedDevice = Pick<Device, "inForce" | "counters" | "stored" | "linkOf">;

/** @param seen the latest step */
export function statusOf(
  identity: DeviceIdentity,
  device: ObservedDevice,
  seen: Observation,
  settings: Pick<LiveSettings, "changed" | "fixed">,
): DeviceStatus {
  const { screen, heater } = seen.commands;
  const { aim, boostUntil, setPoint, values, changes } = device.inForce;
  const { relayCycles, heaterSeconds } = device.counters;
  const homeAssistant = device.linkOf("home-assistant");
  return {
    ...identity,
    unit: screen.unit,
    ...(screen.temperature !== undefined && { temperature: rounded(screen.temperature, 2) }),
    ...(screen.humidity !== undefined && { humidity: rounded(screen.humidity, 0) }),
    aim,
    ...(boostUntil !== undefined && { boostUntil: isoTime(boostUntil) }),
    setPointFrom: setPoint.from,
    ...(setPoint.untilMs !== undefined && { setPointUntil: isoTime(setPoint.untilMs) }),
    ...(setPoint.next !== undefined && { nextSetPoint: setPoint.next }),
    demand: Math.round(screen.demand),
    heater,
    link: device.linkOf("cloud"),
    ...(homeAssistant !== "none" && { homeAssistant }),
    faults: seen.activeFaults,
    values: eachWritable((name) => {
      const { source, serial, wallMs } = changes[name];
      return { value: values[name], source, changedAt: serial === 0 ? null : isoTime(wallMs) };
    }),
    relayCycles,
    heaterHours: rounded(heaterSeconds / 3600, 2),
    settings: settings.changed,
    ...(settings.fixed !== undefined && { settingsFixed: settings.fixed }),
    stored: device.stored,
  };
}

const rounded = (value: number, decimals: number): number => Number(value.toFixed(decimals));
