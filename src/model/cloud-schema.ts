/**
 * Schemas of the values exchanged with the cloud: their JSON types and validation.
 *
 * Guarantee: `validateValue` accepts any input, never throws, and returns a text that fits into an acknowledgement.
 */
import { isRecord } from "../base/json/value.ts";
import { isWeek, validateWeek, type Week, type WeekSchema, weekSummary } from "./week.ts";

/** `K` is a difference: never the DTDL type Temperature, whose converters would take 273 from it. */
export type CloudUnit = "°C" | "K" | "%" | "s" | "min" | "h";

export interface NumberSchema {
  readonly kind: "number" | "integer";
  readonly unit?: CloudUnit;
  /** Both ends are allowed. */
  readonly min: number;
  readonly max: number;
}
export interface FlagSchema {
  readonly kind: "flag";
}
export interface ChoiceSchema<T extends string = string> {
  readonly kind: "choice";
  readonly choices: readonly T[];
}
export interface TextSchema {
  readonly kind: "text";
}
/** A point in time, ISO 8601 in UTC with milliseconds: `2026-01-31T12:00:00.000Z`. */
export interface TimeSchema {
  readonly kind: "time";
}
type SimpleSchema = NumberSchema | FlagSchema | ChoiceSchema | TextSchema | TimeSchema;
export interface RecordSchema<
  F extends Readonly<Record<string, SimpleSchema>> = Readonly<Record<string, SimpleSchema>>,
> {
  readonly kind: "record";
  readonly fields: F;
}
export type CloudSchema = SimpleSchema | RecordSchema | WeekSchema;
/** A value that one control can set. */
export type SettableSchema = NumberSchema | FlagSchema | ChoiceSchema | TimeSchema | WeekSchema;

/** The JSON value of a schema. */
export type CloudValue<S> = S extends NumberSchema
  ? number
  : S extends FlagSchema
    ? boolean
    : S extends ChoiceSchema<infer T>
      ? T
      : S extends TextSchema | TimeSchema
        ? string
        : S extends RecordSchema<infer F>
          ? { readonly [K in keyof F]: CloudValue<F[K]> }
          : S extends WeekSchema
            ? Week
            : never;

/** Decimals to display. */
export const decimalsOf: Readonly<Record<CloudUnit, number>> = { "°C": 1, K: 1, "%": 0, s: 0, min: 0, h: 1 };

/** Whether `value` is of the schema's JSON type and one of its choices; limits do not count. */
export const isOfKind = (schema: SettableSchema, value: unknown): boolean =>
  schema.kind === "number" || schema.kind === "integer"
    ? Number.isFinite(value)
    : schema.kind === "week"
      ? isWeek(value)
      : validateValue(schema, value) === undefined;

/** A value in one word or a few, without a comma or semicolon. */
export const shortValue = (value: CloudValue<SettableSchema>): number | boolean | string =>
  typeof value === "object" ? weekSummary(value) : value;

/**
 * Validates a value.
 * @returns the problem, as the end of a sentence that begins with its name; `undefined` when it is valid
 */
export function validateValue(schema: CloudSchema, value: unknown): string | undefined {
  switch (schema.kind) {
    case "number":
    case "integer": {
      const { kind, min, max, unit } = schema;
      if (typeof value !== "number" || !Number.isFinite(value)) return "must be a number";
      if (kind === "integer" && !Number.isInteger(value)) return "must be a whole number";
      const of = unit === undefined ? "" : ` ${unit}`;
      return value < min || value > max ? `must be ${min} to ${max}${of}, not ${value}` : undefined;
    }
    case "flag":
      return typeof value === "boolean" ? undefined : "must be true or false";
    case "choice":
      return schema.choices.some((known) => known === value)
        ? undefined
        : `must be one of ${schema.choices.join(", ")}`;
    case "text":
      return typeof value === "string" ? undefined : "must be a text";
    case "time":
      return typeof value === "string" && isoTime.test(value) && !Number.isNaN(Date.parse(value))
        ? undefined
        : "must be a time in ISO 8601, UTC";
    case "week":
      return validateWeek(schema, value);
    case "record":
      return validateRecord(schema, value);
  }
}

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

function validateRecord(schema: RecordSchema, value: unknown): string | undefined {
  if (!isRecord(value)) return "must be an object";
  const entries = new Map(Object.entries(value));
  for (const [name, field] of Object.entries(schema.fields)) {
    const why = validateValue(field, entries.get(name));
    if (why !== undefined) return `must have a valid ${name}: it ${why}`;
    entries.delete(name);
  }
  const [unknown] = entries.keys();
  return unknown === undefined ? undefined : `must not have ${unknown.slice(0, 64)}`;
}
