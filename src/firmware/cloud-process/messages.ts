/**
 * What the loop and its cloud half, a process of its own, say to each other.
 *
 * Guarantee: one union for each direction, and one reader, which checks all of a message; anything else is `undefined`.
 * The local hub and the secrets of the environment have messages of their own (hub-ready.ts, secret-handover.ts).
 */
import type { LogFields, LogLevel } from "../../base/log.ts";
import type { LinkState, Request } from "../../control/input.ts";
import type { Look } from "../../control/look.ts";
import type { DeviceMoment } from "../face.ts";
import { type Fields, readMessage } from "../process/message-fields.ts";
import { readLook, readMoment } from "./device-messages.ts";
import { requestOf } from "./in-force-message.ts";

/** From the loop. */
export type LoopMessage =
  /** The device as it is now, with every fault that came or went since the last such message. */
  | { readonly kind: "device"; readonly moment: DeviceMoment; readonly look: Look }
  /** To the request with this number; the device as it is after it. */
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly refused?: string | undefined;
      readonly moment: DeviceMoment;
    }
  | { readonly kind: "ping" }
  | { readonly kind: "stop" };

/** From the cloud half. */
export type CloudMessage =
  | { readonly kind: "request"; readonly id: number; readonly requests: readonly Request[] }
  | { readonly kind: "link"; readonly link: LinkState }
  /** How the cloud half is, whenever that changes; the first one says that it has begun its work. */
  | { readonly kind: "health"; readonly failure?: string | undefined }
  | {
      readonly kind: "log";
      readonly level: LogLevel;
      readonly event: string;
      readonly fields: LogFields;
    }
  /** Somebody asked the device to start again. */
  | { readonly kind: "restart" }
  /** There is nobody to connect to: a local hub is wanted. */
  | { readonly kind: "no-credentials" }
  | { readonly kind: "pong" };

const links: readonly LinkState[] = ["none", "connecting", "online", "offline"];
const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const mostRequests = 16;
const mostFields = 32;
const longestText = 4096;

export function readLoopMessage(message: unknown): LoopMessage | undefined {
  return readMessage(message, (from): LoopMessage => {
    const kind = from.oneOf("kind", ["device", "answer", "ping", "stop"]);
    switch (kind) {
      case "device":
        return { kind, moment: readMoment(from.fields("moment")), look: readLook(from.fields("look")) };
      case "answer": {
        const refused = from.optional("refused", () => from.text("refused"));
        return { kind, id: from.large("id"), refused, moment: readMoment(from.fields("moment")) };
      }
      default:
        return { kind };
    }
  });
}

export function readCloudMessage(message: unknown): CloudMessage | undefined {
  return readMessage(message, (from): CloudMessage => {
    const kind = from.oneOf("kind", [
      "request",
      "link",
      "health",
      "log",
      "restart",
      "no-credentials",
      "pong",
    ]);
    switch (kind) {
      case "request":
        return { kind, id: from.large("id"), requests: from.list("requests", mostRequests, requestOf) };
      case "link":
        return { kind, link: from.oneOf("link", links) };
      case "health":
        return { kind, failure: from.optional("failure", () => from.text("failure").slice(0, longestText)) };
      case "log":
        return {
          kind,
          level: from.oneOf("level", levels),
          event: from.text("event").slice(0, 64),
          fields: fieldsOf(from),
        };
      default:
        return { kind };
    }
  });
}

function fieldsOf(from: Fields): LogFields {
  const fields = Object.entries(from.get("fields") ?? {}).slice(0, mostFields);
  return Object.fromEntries(
    fields.map(([name, value]) => [name.slice(0, 64), isPlain(value) ? value : String(value)]),
  );
}

const isPlain = (value: unknown): value is string | number | boolean | null =>
  value === null || ["string", "number", "boolean"].includes(typeof value);
