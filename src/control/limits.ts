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
import type { Request } from "./input.ts";

export type Limits = Pick<Settings, LimitSetting>;

export const limitsOf = (settings: Limits): Limits =>
  Object.fromEntries(limitSettings.map((key) => [key, settings[key]])) as unknown as Limits;
export const limitSettings = writableNames.flatMap((name) => writableSpec(name).limits ?? []);

/** The row's schema with the configured limits. */
function schemaOf(name: WritableName, limits: Limits): SettableSchema {
  const { schema, limits: own } = writableSpec(name);
  return own && "min" in schema ? { ...schema, min: limits[own[0]], max: limits[own[1]] } : schema;
}

/** Validates a value of a writable property, of any type. @returns as `validateValue` */
export const validateProperty = (name: WritableName, value: unknown, limits: Limits): string | undefined =>
  validateValue(schemaOf(name, limits), value);

/** Rounds a number to a hundredth and clamps it to the limits. */
export function adjusted(name: WritableName, value: ControlValue, limits: Limits): ControlValue {
  const schema = schemaOf(name, limits);
  if (typeof value !== "number" || !("min" in schema)) return value;
  const hundredths = (of: number) => Math.round(of * 100);
  return Math.min(hundredths(schema.max), Math.max(hundredths(schema.min), hundredths(value))) / 100;
}

/** @returns why the request is invalid in every state of the device; `undefined` when it is valid */
export function validateRequest(request: Request, limits: Limits): string | undefined {
  switch (request.kind) {
    case "set":
      return validateProperty(request.name, request.value, limits);
    case "boost":
      return validateValue(commands.boost.request.schema, request.minutes);
    case "identify":
      return validateValue(commands.identify.request.schema, request.seconds);
    case "clear-faults":
    case "forget-room":
    case "store-shadow":
      return undefined;
  }
}
