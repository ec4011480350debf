/** A log line as a supervised process sends it to the loop: bounded, with plain values alone. */
import { type Json, textOfJson } from "../../base/json/value.ts";
import { type LogFields, logLevels } from "../../base/log.ts";
import type { Schema } from "../../base/schema/schema.ts";
import { map, object } from "../../base/schema/structures.ts";
import { anything, convert, lenient, oneOf } from "../../base/schema/values.ts";
import { truncated } from "../process/message-values.ts";

const maxFields = 32;

const logFields: Schema<LogFields> = lenient(convert(map(anything), plainFields), () => ({}));

function plainFields(given: Readonly<Record<string, unknown>>): LogFields {
  const fields = Object.entries(given).slice(0, maxFields);
  return Object.fromEntries(
    fields.map(([name, value]) => [name.slice(0, 64), isPlain(value) ? value : textOfJson(value as Json)]),
  );
}

const isPlain = (value: unknown): value is string | number | boolean | null =>
  value === null || ["string", "number", "boolean"].includes(typeof value);

export const logLine = object({ level: oneOf(logLevels), event: truncated(64), fields: logFields });
