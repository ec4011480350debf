/**
 * The one set of limits for what is asked of the device, whoever asks.
 *
 * Guarantee: what passes here can be put in force as it is (the set-point after rounding to a hundredth).
 */
import type { WritableName } from "../model/cloud-model.ts";
import { commands, validateValue, writableProperties } from "../model/cloud-model.ts";
import type { Settings } from "../model/settings-table.ts";
import type { Request } from "./input.ts";

export type Limits = Pick<Settings, "targetMin" | "targetMax">;

/** Judges a value of a writable property, of any type. @returns as `validateValue` */
export function validateProperty(name: WritableName, value: unknown, limits: Limits): string | undefined {
  const { schema } = writableProperties[name];
  if (name !== "targetTemperature") return validateValue(schema, value);
  return validateValue({ kind: "number", unit: "°C", min: limits.targetMin, max: limits.targetMax }, value);
}

/** @returns why the request cannot be followed, whatever the device is doing; `undefined` when it can */
export function whyRefused(request: Request, limits: Limits): string | undefined {
  switch (request.kind) {
    case "set-target":
      return validateProperty("targetTemperature", request.target, limits);
    case "set-mode":
      return validateProperty("controlMode", request.mode, limits);
    case "set-heater-switch":
      return validateProperty("heaterSwitch", request.on, limits);
    case "set-sensor-offset":
      return validateProperty("sensorOffset", request.offset, limits);
    case "set-telemetry-interval":
      return validateProperty("telemetryInterval", request.seconds, limits);
    case "boost":
      return validateValue(commands.boost.request.schema, request.minutes);
    case "identify":
      return validateValue(commands.identify.request.schema, request.seconds);
    case "clear-faults":
    case "keep-twin":
      return undefined;
  }
}
