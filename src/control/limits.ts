/**
 * The limits of all requests, whatever their source.
 *
 * Guarantee: a request that passes can be applied as it is (numbers after rounding to a hundredth).
 */
import { commands, validateValue } from "../model/cloud-model.ts";
import type { SettableSchema } from "../model/cloud-schema.ts";
import {
  type ControlValue,
  type LimitSetting,
  type WritableName,
  writableNames,
  writableSpec,
} from "../model/properties.ts";
import type { Settings } from "../model/settings-table.ts";
import { writeWeek } from "../model/week.ts";
import type { Request } from "./input.ts";

export type Limits = Pick<Settings, LimitSetting>;

export const limitsOf = (settings: Limits): Limits =>
  Object.fromEntries(limitSettings.map((key) => [key, settings[key]])) as unknown as Limits;
export const limitSettings = writableNames.flatMap((name) => writableSpec(name).limits ?? []);

/** The row's schema with the configured limits. */
function schemaOf(name: WritableName, limits: Limits): SettableSchema {
  const { schema, limits: own } = writableSpec(name);
  if (own === undefined) return schema;
  const [low, high] = [limits[own[0]], limits[own[1]]];
  if (schema.kind === "week") return { ...schema, lowest: low, highest: high };
  return "min" in schema ? { ...schema, min: low, max: high } : schema;
}

/** Validates a value of a writable property, of any type. @returns as `validateValue` */
export const validateProperty = (name: WritableName, value: unknown, limits: Limits): string | undefined =>
  validateValue(schemaOf(name, limits), value);

/** Rounds numbers to a hundredth and clamps them to the limits, also those in a week. */
export function adjusted(name: WritableName, value: ControlValue, limits: Limits): ControlValue {
  const schema = schemaOf(name, limits);
  if (schema.kind === "week" && typeof value === "object") {
    return writeWeek(value, (target) => clamped(target, schema.lowest, schema.highest));
  }
  if (typeof value !== "number" || !("min" in schema)) return value;
  return clamped(value, schema.min, schema.max);
}

function clamped(value: number, min: number, max: number): number {
  const hundredths = (value: number) => Math.round(value * 100);
  return Math.min(hundredths(max), Math.max(hundredths(min), hundredths(value))) / 100;
}

/** @returns why the request is invalid in every state of the device; `undefined` when it is valid */
export function validateRequest(request: Request, limits: Limits): string | undefined {
  switch (request.kind) {
    case "set":
      return validateProperty(request.name, request.value, limits);
    case "boost":
      return validateValue(commands.boost.request.schema, request.minutes);
    case "preset":
      return validateValue(commands.preset.request.schema, request.preset);
    case "identify":
      return validateValue(commands.identify.request.schema, request.seconds);
    case "clear-faults":
    case "forget-room":
    case "relay-replaced":
    case "use-settings":
    case "store-shadow":
      return undefined;
  }
}
