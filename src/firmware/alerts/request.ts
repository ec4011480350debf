/** The HTTP request that delivers an alert, in the owner's format. */
import { isTrustedWallTime } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import { minutes } from "../../base/units.ts";
import type { Alert } from "./alert.ts";
import type { AlertSettings } from "./alert-file.ts";

export interface Sender {
  /** Name of the device in the message. */
  readonly device: string;
  /** Local time for a person. */
  readonly timeText: (wallMs: number) => string;
}

export interface AlertRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @param leftOut older alerts that could not be delivered, and were dropped */
export function requestOf(
  alert: Alert,
  leftOut: number,
  sender: Sender,
  { format, token }: Pick<AlertSettings, "format" | "token">,
): AlertRequest {
  const { headers, body } = { json: jsonRequest, ntfy: ntfyRequest }[format](alert, leftOut, sender);
  return {
    headers: {
      "User-Agent": "grove-heater",
      "Content-Length": String(Buffer.byteLength(body)),
      ...headers,
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    },
    body,
  };
}

/** With a wrong clock there is no time rather than a wrong one. */
const time = (wallMs: number): string | null => (isTrustedWallTime(wallMs) ? isoTime(wallMs) : null);

function jsonRequest(alert: Alert, leftOut: number, { device }: Sender): AlertRequest {
  const { id, kind, code, severity, active, title, text, sinceMs, atMs, times } = alert;
  const message = {
    ...{ version: 1, id, device, kind, code, severity, state: active ? "active" : "cleared", title, text },
    ...{ since: time(sinceMs), time: time(atMs), times },
    ...(leftOut > 0 && { leftOut }),
  };
  return { headers: { "Content-Type": "application/json" }, body: `${JSON.stringify(message)}\n` };
}

/** ntfy's: 5 also sounds while the phone is muted. */
const priorities = { critical: 5, warning: 4, cleared: 3 } as const;
/** Short names of emoji: https://docs.ntfy.sh/emojis/. */
const tags = { critical: "rotating_light", warning: "warning", cleared: "white_check_mark" } as const;

function ntfyRequest(alert: Alert, leftOut: number, sender: Sender): AlertRequest {
  const { title, active, kind } = alert;
  const weight = active ? (kind === "test" ? "cleared" : alert.severity) : "cleared";
  return {
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      Title: headerText(`${sender.device}: ${active ? title : `over: ${title}`}`),
      Priority: String(priorities[weight]),
      Tags: kind === "test" ? "bell" : tags[weight],
    },
    body: plainText(alert, leftOut, sender),
  };
}

/** RFC 2047: a header holds ASCII only. */
const headerText = (text: string): string =>
  /^[ -~]*$/.test(text) ? text : `=?UTF-8?B?${Buffer.from(text).toString("base64")}?=`;

/** A message that arrives this late contains the time at which it was made. */
const late = minutes(2);

export function plainText(
  { active, text, sinceMs, atMs, times }: Alert,
  leftOut: number,
  { timeText }: Sender,
): string {
  const knows = isTrustedWallTime(sinceMs) && isTrustedWallTime(atMs);
  const span = knows ? `, from ${timeText(sinceMs)} to ${timeText(atMs)}` : "";
  const began = knows && atMs - sinceMs > late ? ` Since ${timeText(sinceMs)}.` : "";
  const sentences = [
    active ? `${text}${began}` : `It is over${span}.`,
    times > 1 ? `It began ${times} times.` : "",
    leftOut > 0 ? `${leftOut} earlier messages could not be delivered.` : "",
  ];
  return sentences.filter(Boolean).join(" ");
}
