/**
 * The messages that every supervised process has; each adds its own. One set for each direction.
 *
 * Guarantee: a log line is bounded and has only plain values.
 */
import { type Json, textOfJson } from "../../base/json/value.ts";
import { type LogFields, logLevels } from "../../base/log.ts";
import type { Schema } from "../../base/schema/schema.ts";
import { map, object, type UnionOf } from "../../base/schema/structures.ts";
import { anything, convert, lenient, oneOf, optional } from "../../base/schema/values.ts";
import { truncated } from "../process/message-values.ts";
import { secretsGiven } from "../process/messages.ts";

const maxFields = 32;
const maxFailureLength = 4096;
const nothing = object({});

const logFields: Schema<LogFields> = lenient(convert(map(anything), plainFields), () => ({}));

function plainFields(given: Readonly<Record<string, unknown>>): LogFields {
  const fields = Object.entries(given).slice(0, maxFields);
  return Object.fromEntries(
    fields.map(([name, value]) => [name.slice(0, 64), isPlain(value) ? value : textOfJson(value as Json)]),
  );
}

const isPlain = (value: unknown): value is string | number | boolean | null =>
  value === null || ["string", "number", "boolean"].includes(typeof value);

/** From the loop. */
export const toChild = {
  /** It is to answer with "pong". */
  ping: nothing,
  stop: nothing,
  /** Handled only by the code that requested them, which has its own listener. */
  "secrets-given": secretsGiven,
};

/** To the loop. */
export const fromChild = {
  /** The state of the process, at every change; the first one means that it has started. */
  health: object({ failure: optional(truncated(maxFailureLength)) }),
  log: object({ level: oneOf(logLevels), event: truncated(64), fields: logFields }),
  pong: nothing,
};

export type MessageToChild = UnionOf<"kind", typeof toChild>;
export type MessageFromChild = UnionOf<"kind", typeof fromChild>;

export interface Message {
  readonly kind: string;
}

export const isToChild = (message: Message): message is MessageToChild =>
  Object.hasOwn(toChild, message.kind);
export const isFromChild = (message: Message): message is MessageFromChild =>
  Object.hasOwn(fromChild, message.kind);
