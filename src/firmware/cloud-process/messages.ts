/**
 * The messages between the loop and its cloud process: one union for each direction.
 *
 * Guarantee: all messages are validated by schema.
 */
import { type Json, textOfJson } from "../../base/json/value.ts";
import type { LogFields, LogLevel } from "../../base/log.ts";
import type { Infer, Schema } from "../../base/schema/schema.ts";
import { byKind, list, map, object } from "../../base/schema/structures.ts";
import { anything, convert, lenient, number, oneOf, optional, string } from "../../base/schema/values.ts";
import { large, links, shortened } from "../process/message-values.ts";
import { hubReady, secretsGiven } from "../process/messages.ts";
import { moment, stepSummary } from "./device-messages.ts";
import { request } from "./in-force-message.ts";

const nothing = object({});
const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const maxRequests = 16;
const maxFields = 32;
const maxTextLength = 4096;
const maxLinesLength = 32 * 1024;

const logFields: Schema<LogFields> = lenient(convert(map(anything), plainFields), () => ({}));

function plainFields(given: Readonly<Record<string, unknown>>): LogFields {
  const fields = Object.entries(given).slice(0, maxFields);
  return Object.fromEntries(
    fields.map(([name, value]) => [name.slice(0, 64), isPlain(value) ? value : textOfJson(value as Json)]),
  );
}

const isPlain = (value: unknown): value is string | number | boolean | null =>
  value === null || ["string", "number", "boolean"].includes(typeof value);

export const loopToCloud = byKind("kind", {
  /** The device's current state, with all fault events since the last such message. */
  device: object({ moment, look: stepSummary }),
  /** To the request with this number; the device as it is after it. */
  answer: object({ id: large, refused: optional(string()), moment }),
  /** Of the log, for whoever asked for them. */
  "log-lines": object({ lines: shortened(maxLinesLength) }),
  ping: nothing,
  stop: nothing,
  "hub-ready": hubReady,
  "secrets-given": secretsGiven,
});

export const cloudToLoop = byKind("kind", {
  request: object({ id: large, requests: list(request, maxRequests) }),
  link: object({ link: oneOf(links) }),
  /** The state of the cloud half, at every change; the first one means that it has started. */
  health: object({ failure: optional(shortened(maxTextLength)) }),
  log: object({ level: oneOf(levels), event: shortened(64), fields: logFields }),
  /** Somebody wants to read the log for so long; 0: no longer. */
  "send-logs": object({ minutes: number(0, 60) }),
  /** The restart command. */
  restart: nothing,
  /** There are no credentials: a local hub is needed. */
  "no-credentials": nothing,
  pong: nothing,
});

/** From the loop. */
export type LoopMessage = Infer<typeof loopToCloud>;
/** From the cloud half. */
export type CloudMessage = Infer<typeof cloudToLoop>;
