/**
 * The one set of limits for what is asked of the device, whoever asks.
 *
 * Guarantee: what passes here can be put in force as it is (the set-point after rounding to a hundredth).
 */
import type { WritableName } from "../model/cloud-model.ts";
import { commands, misfit, writableProperties } from "../model/cloud-model.ts";
import type { Settings } from "../model/settings-table.ts";
import type { Request } from "./input.ts";

export type Limits = Pick<Settings, "targetMin" | "targetMax">;

/** Judges a value of a writable property, of any type. @returns as `misfit` */
export function unfit(name: WritableName, value: unknown, limits: Limits): string | undefined {
  const { schema } = writableProperties[name];
  if (name !== "targetTemperature") return misfit(schema, value);
  return misfit({ kind: "number", unit: "°C", min: limits.targetMin, max: limits.targetMax }, value);
}

/** @returns why the request cannot be followed, whatever the device is doing; `undefined` when it can */
export function whyRefused(request: Request, limits: Limits): string | undefined {
  switch (request.kind) {
    case "set-target":
      return unfit("targetTemperature", request.target, limits);
    case "set-mode":
      return unfit("controlMode", request.mode, limits);
    case "set-heater-switch":
      return unfit("heaterSwitch", request.on, limits);
    case "set-sensor-offset":
      return unfit("sensorOffset", request.offset, limits);
    case "set-telemetry-interval":
      return unfit("telemetryInterval", request.seconds, limits);
    case "boost":
      return misfit(commands.boost.request.schema, request.minutes);
    case "identify":
      return misfit(commands.identify.request.schema, request.seconds);
    case "clear-faults":
    case "keep-twin":
      return undefined;
  }
}
