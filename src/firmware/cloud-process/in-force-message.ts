/** Reads what is in force, and requests, out of messages between the loop and its cloud half. */

import { celsius, kelvin, wallMillis } from "../../base/units.ts";
import type { Change, ControlMode, ControlValue, Request } from "../../control/input.ts";
import type { InForce, TwinPolicy } from "../../control/twin/in-force.ts";
import { parseShadow } from "../../control/twin/shadow.ts";
import { type WritableName, type WritableValues, writableNames } from "../../model/cloud-model.ts";
import { Fields } from "../process/message-fields.ts";

const modes: readonly ControlMode[] = ["auto", "manual"];
const sources = ["default", "device", "cloud"] as const;
const policies = ["cloud-wins", "device-wins"] as const;

export function inForceOf(from: Fields): InForce {
  const limits = from.fields("limits");
  const policy = from.fields("policy");
  const changes = from.fields("changes");
  return {
    values: valuesOf(from.fields("values")),
    changes: each((name) => changeOf(changes.fields(name))),
    defaults: valuesOf(from.fields("defaults")),
    limits: {
      targetMin: celsius(limits.number("targetMin")),
      targetMax: celsius(limits.number("targetMax")),
    },
    policy: each((name) => policy.oneOf(name, policies)) satisfies TwinPolicy,
    shadow: parseShadow(from.get("shadow")),
    aim: celsius(from.number("aim")),
    boostUntil: from.optional("boostUntil", () => wallMillis(from.large("boostUntil"))),
  };
}

const valuesOf = (from: Fields): WritableValues => ({
  targetTemperature: from.number("targetTemperature"),
  controlMode: from.oneOf("controlMode", modes),
  heaterSwitch: from.flag("heaterSwitch"),
  telemetryInterval: from.number("telemetryInterval"),
  sensorOffset: from.number("sensorOffset"),
});

const changeOf = (from: Fields): Change => {
  const change = {
    source: from.oneOf("source", sources),
    wallMs: wallMillis(from.large("wallMs")),
    serial: from.large("serial"),
  };
  const before = from.optional("from", () => from.one("from", isControlValue));
  return before === undefined ? change : { ...change, from: before };
};

const isControlValue = (value: unknown): value is ControlValue =>
  typeof value === "boolean" || Number.isFinite(value) || modes.some((mode) => mode === value);

const each = <T>(take: (name: WritableName) => T): Record<WritableName, T> =>
  Object.fromEntries(writableNames.map((name) => [name, take(name)])) as Record<WritableName, T>;

/** What the cloud half may ask for. It speaks for the cloud and for nobody else. */
export function requestOf(value: unknown): Request {
  const from = new Fields(value);
  const source = from.oneOf("source", ["cloud", "default"] as const);
  const kind = from.text("kind") as Request["kind"];
  switch (kind) {
    case "set-target":
      return { kind, target: celsius(from.number("target")), source };
    case "set-mode":
      return { kind, mode: from.oneOf("mode", modes), source };
    case "set-heater-switch":
      return { kind, on: from.flag("on"), source };
    case "set-sensor-offset":
      return { kind, offset: kelvin(from.number("offset")), source };
    case "set-telemetry-interval":
      return { kind, seconds: from.number("seconds"), source };
    case "boost":
      return { kind, minutes: from.number("minutes"), source };
    case "identify":
      return { kind, seconds: from.number("seconds"), source };
    case "clear-faults":
      return { kind, source };
    case "keep-twin":
      return { kind, shadow: parseShadow(from.get("shadow")), source };
    default:
      throw new RangeError("kind");
  }
}
