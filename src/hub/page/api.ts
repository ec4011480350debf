/**
 * The hub's routes, typed.
 *
 * Guarantee: never throws and never hangs: a value, or an error with a message to show.
 */

import type {
  CableRequest,
  CommandAnswer,
  CommandCall,
  DesiredEdit,
  DesiredEdited,
  DeviceDetail,
  DeviceSummary,
  OfflineCommand,
  OfflineCommandQueued,
  PanelPress,
  Refusal,
  Session,
  SignIn,
  ThrottleRequest,
  TimelineEvent,
} from "../page-server/api.ts";
import type { DayRow, History, LogLine } from "../page-server/api-history.ts";
import type { RollOutChange, RollOutGroup } from "../page-server/api-roll-outs.ts";
import type { FaultSimulation, SettingsEdit } from "../page-server/api-settings.ts";
import type { Enrolled, Enrolment } from "../page-server/enrolment/api.ts";

export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** A command may take 30 s, then the hub answers 504; after this the hub itself is unreachable. */
const timeoutMs = 35_000;

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

async function ask<T>(method: Method, path: string, body?: unknown): Promise<Answer<T>> {
  try {
    const response = await fetch(path, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    const value: unknown = text === "" ? undefined : JSON.parse(text);
    if (response.ok) return { ok: true, value: value as T };
    const error = (value as Partial<Refusal> | undefined)?.error;
    return {
      ok: false,
      code: error?.code ?? `http-${response.status}`,
      message: error?.message ?? `The server answered ${response.status}.`,
    };
  } catch {
    return { ok: false, code: "no-answer", message: "The device does not answer. Is it still running?" };
  }
}

const at = (id: string, rest = ""): string => `/api/devices/${encodeURIComponent(id)}${rest}`;

export const api = {
  session: () => ask<Session>("GET", "/api/session"),
  signIn: (body: SignIn) => ask<void>("POST", "/api/session", body),
  setFirstPassword: (body: SignIn) => ask<void>("POST", "/api/session/password", body),
  signOut: () => ask<void>("DELETE", "/api/session"),
  enrol: (body: Enrolment) => ask<Enrolled>("POST", "/api/devices", body),
  device: (id: string) => ask<DeviceDetail>("GET", at(id)),
  history: (id: string, sinceMs: number) =>
    ask<History>("GET", at(id, `/history?sinceMs=${Math.floor(sinceMs)}`)),
  log: (id: string) => ask<readonly LogLine[]>("GET", at(id, "/log")),
  days: (id: string, sinceMs: number) =>
    ask<readonly DayRow[]>("GET", at(id, `/days?sinceMs=${Math.floor(sinceMs)}`)),
  timeline: (id: string) => ask<readonly TimelineEvent[]>("GET", at(id, "/timeline?limit=200")),
  edit: (id: string, body: DesiredEdit) => ask<DesiredEdited>("PATCH", at(id, "/desired"), body),
  settings: (id: string, body: SettingsEdit) => ask<object>("PATCH", at(id, "/settings"), body),
  command: (id: string, body: CommandCall) => ask<CommandAnswer>("POST", at(id, "/command"), body),
  queue: (id: string, body: OfflineCommand) => ask<OfflineCommandQueued>("POST", at(id, "/message"), body),
  cable: (id: string, body: CableRequest) => ask<DeviceSummary>("PUT", at(id, "/cable"), body),
  throttle: (id: string, body: ThrottleRequest) => ask<DeviceSummary>("PUT", at(id, "/throttle"), body),
  changeRollOut: (body: RollOutChange) => ask<readonly RollOutGroup[]>("POST", "/api/roll-outs", body),
  fault: (id: string, body: FaultSimulation) => ask<void>("POST", at(id, "/fault"), body),
  startStory: (id: string) => ask<void>("POST", at(id, "/story")),
  press: (id: string, body: PanelPress) => ask<void>("POST", at(id, "/panel"), body),
};
