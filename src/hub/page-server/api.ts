/**
 * The protocol between the page and its server: JSON over HTTP on one origin, and one event stream (SSE). Types only, for
 * both. The server is a local hub with its devices, or one device: that has no cable, no throttle, no queue and no roll-outs,
 * and its twin has one side.
 *
 * | request                                   | body              | answer                         |
 * | ----------------------------------------- | ----------------- | ------------------------------ |
 * | GET    /api/session                       |                   | `Session` (always allowed)     |
 * | POST   /api/session                       | `SignIn`          | 204 and a cookie, or 403       |
 * | POST   /api/session/password              | `SignIn`          | likewise: the first password   |
 * | DELETE /api/session                       |                   | 204                            |
 * | GET    /api/hub                           |                   | `HubInfo`                      |
 * | GET    /api/state                         |                   | `HubState` (see monitoring.ts) |
 * | GET    /api/devices                       |                   | `DeviceSummary[]`              |
 * | POST   /api/devices                       | `Enrolment`       | 201 `Enrolled` (enrolment/api.ts) |
 * | GET    /api/devices/{id}                  |                   | `DeviceDetail`                 |
 * | GET    /api/devices/{id}/history?sinceMs= |                   | `History`                      |
 * | GET    /api/devices/{id}/history.csv?sinceMs=&every= |        | rows of what is stored, as CSV |
 * | GET    /api/devices/{id}/days?sinceMs=    |                   | `DayRow[]`, oldest first       |
 * | GET    /api/devices/{id}/log              |                   | `LogLine[]`, oldest first      |
 * | GET    /api/devices/{id}/timeline?limit=  |                   | `TimelineEvent[]`, oldest first |
 * | PATCH  /api/devices/{id}/desired          | `DesiredEdit`     | `DesiredEdited`                |
 * | PATCH  /api/devices/{id}/settings         | `SettingsEdit`    | `{}`: it is in force and stored |
 * | POST   /api/devices/{id}/command          | `CommandCall`     | `CommandAnswer`                |
 * | POST   /api/devices/{id}/message          | `OfflineCommand`  | 202 `OfflineCommandQueued`     |
 * | PUT    /api/devices/{id}/cable            | `CableRequest`    | `DeviceSummary`                |
 * | PUT    /api/devices/{id}/throttle         | `ThrottleRequest` | `DeviceSummary`                |
 * | POST   /api/devices/{id}/story            |                   | 204                            |
 * | POST   /api/devices/{id}/panel            | `PanelPress`      | 204                            |
 * | POST   /api/devices/{id}/fault            | `FaultSimulation`  | 204                            |
 * | GET    /api/roll-outs                    |                   | `RollOutGroup[]`               |
 * | POST   /api/roll-outs                    | `RollOutChange`   | `RollOutGroup[]`               |
 * | GET    /api/events                        |                   | the stream: `StreamEvent`s     |
 *
 * Every refusal is a `Refusal` with a status of 400 or more: 401 `sign-in`, 403 `origin`, 404 `not-found`,
 * 409 `offline` (a command to a device that is not connected), 409 `not-here` (a press on a device whose buttons are
 * elsewhere, or on settings that are), 412 `version`, 413 `too-large`, 429 `throttled`, 504 `timeout`. Bodies are `application/json`, at most
 * 64 KiB. Times are ms since 1970 by the hub's clock.
 *
 * An event of the stream is named by its `type`; `data:` is the rest as JSON. The stream begins with one `hello`, then
 * sends changes; the `id:` of a timeline event is its `sequence`, and a browser that reconnects with `Last-Event-ID`
 * first receives the missed events. After a reconnect the page should fetch again what it shows.
 */
import type { Json } from "../../base/json/value.ts";
import type { CommandName, FirmwareReport } from "../../model/cloud-model.ts";
import type { LogLine } from "./api-history.ts";
import type { RollOutGroup } from "./api-roll-outs.ts";
import type { SettingsView, SimulatedFault } from "./api-settings.ts";

export interface Refusal {
  readonly error: { readonly code: string; readonly message: string };
}

export interface Session {
  /** True when the page can be reached from other machines. */
  readonly passwordNeeded: boolean;
  readonly signedIn: boolean;
  /** False until somebody has set the first password. */
  readonly passwordSet: boolean;
  /** Whether this browser may set the first password: it runs on the machine itself. */
  readonly maySetPassword: boolean;
}

export interface SignIn {
  readonly password: string;
}

export interface HubInfo {
  /** `device`: the page of one device, without a hub: `hubHost` and `idScope` are empty. */
  readonly kind: "hub" | "device";
  /** Of the temperatures on the page, by the settings of the unit on this machine. */
  readonly unit: "C" | "F";
  /** Host name for devices, with the port unless that is 8883: `localhost`, `localhost:40123`. */
  readonly hubHost: string;
  readonly idScope: string;
  readonly startedMs: number;
  readonly nowMs: number;
  readonly devices: number;
  readonly connected: number;
  /** Whether other machines can reach the page. */
  readonly exposed: boolean;
  /** Whether the unit on this machine is sealed: then the page can change nothing without a password. */
  readonly sealed: boolean;
}

/** For other programs. */
export interface HubState {
  readonly hub: HubInfo;
  readonly devices: readonly DeviceSummary[];
}

/** The cable is plugged in, or unplugged in one of three ways; see `CableRequest`. */
export type CableState = "connected" | "close" | "reset" | "silence";

export interface CableRequest {
  /**
   * `connected` plugs it in. `close` ends the connection cleanly (FIN), `reset` abruptly (RST); both reject new
   * connections. `silence` keeps the connection open and drops all traffic, as a dead line does.
   */
  readonly state: CableState;
}

export interface ThrottleRequest {
  /** While on, the device's twin requests are answered 429. */
  readonly on: boolean;
}

/** A device in the list. */
export interface DeviceSummary {
  readonly id: string;
  /**
   * Of two views of a device, the one with the higher number is newer. Answers and events arrive by different
   * connections, in any order. A hub that restarts counts from 1 again, after its `hello`.
   */
  readonly revision: number;
  /** False for a device that is disabled in the registry. */
  readonly enabled: boolean;
  /** The hub's view: after `silence` it stays true until the keepalive timeout. */
  readonly connected: boolean;
  /** Time of the last connect or disconnect. */
  readonly connectionChangedMs: number | null;
  readonly lastActivityMs: number | null;
  readonly cable: CableState;
  readonly throttled: boolean;
  /** The DTDL model id sent by the device. */
  readonly modelId: string | null;
  readonly desiredVersion: number;
  readonly reportedVersion: number;
  /** Number of properties with status `pending`. */
  readonly pending: number;
  readonly refused: number;
  /** Codes of the active faults that it reported last, most severe first. */
  readonly faults: readonly string[];
  /** Offline commands waiting in the queue. */
  readonly queuedMessages: number;
  /** The newest value by telemetry name. */
  readonly latest: Readonly<Record<string, TelemetryValue>>;
  /** What it reported about its updates; `null` for a device without updates. */
  readonly firmware: FirmwareView | null;
}

/** The component `firmware`; `null`: the device reported a value that is not in the model. */
export interface FirmwareView
  extends Omit<FirmwareReport, "program" | "state" | "progress" | "place" | "lastResult"> {
  readonly program: FirmwareReport["program"] | null;
  readonly state: FirmwareReport["state"] | null;
  /** % */
  readonly progress: number | null;
  readonly lastResult: FirmwareReport["lastResult"] | null;
  /** The percentage of its group from which on it is included. */
  readonly place: number | null;
}

export interface TelemetryValue {
  readonly value: Json;
  readonly atMs: number;
}

/**
 * Status of a property:
 * `pending` — the device has not acknowledged the desired version; `acknowledged` — acknowledged with 2xx and the
 * desired value in force, or with 200 and the nearest possible value; `refused` — acknowledged with 4xx or 5xx;
 * `unanswered` — the device has acknowledged that version or a later one, but not this property;
 * `overruled` — acknowledged with 203 or another 2xx, but the device keeps its own value;
 * `device-only` — reported and never desired; `deleted` — no longer desired, still reported.
 */
export type PropertyStatus =
  | "pending"
  | "acknowledged"
  | "refused"
  | "unanswered"
  | "overruled"
  | "device-only"
  | "deleted";

/** A property on both sides. */
export interface PropertyRow {
  readonly name: string;
  readonly status: PropertyStatus;
  /** Absent: not desired. `atMs` and `version` are from the hub's `$metadata`. */
  readonly desired?: { readonly value: Json; readonly version: number; readonly atMs: number };
  /** Absent: not reported. `value` is without its acknowledgement. */
  readonly reported?: { readonly value: Json; readonly atMs: number };
  readonly ack?: Acknowledgement;
}

/** IoT Plug and Play acknowledgement: `ac`, `av`, `ad`. */
export interface Acknowledgement {
  readonly code: number;
  readonly version: number;
  readonly text?: string | undefined;
  /** Who set the value, and when, if `text` says exactly that. */
  readonly origin?: Origin | undefined;
}

export interface Origin {
  /** `default`, `device`, `cloud`, or the name of another face. */
  readonly source: string;
  readonly atMs?: number | undefined;
}

export interface DeviceDetail extends DeviceSummary {
  /** The commands that this page may send; absent: all. */
  readonly commands?: readonly CommandName[];
  /** On a device's own page: its link to the cloud. */
  readonly cloudLink?: CloudLink;
  readonly properties: readonly PropertyRow[];
  /** The complete documents, with `$version`. */
  readonly desired: Readonly<Record<string, Json>>;
  readonly reported: Readonly<Record<string, Json>>;
  readonly desiredMetadata: Readonly<Record<string, Json>>;
  readonly reportedMetadata: Readonly<Record<string, Json>>;
  readonly tags: Readonly<Record<string, Json>>;
  readonly authentication: "sas" | "selfSigned" | "certificateAuthority";
  readonly messages: readonly QueuedMessage[];
  /** Its front, when it runs on the hub's machine. Not affected by the cable. */
  readonly panel?: PanelView;
  /** Likewise its settings. */
  readonly settings?: SettingsView;
}

/** `none`: no cloud is configured. */
export type CloudLink = "none" | "connecting" | "online" | "offline";

/** A device's front. */
export interface PanelView {
  /** `bits`: base64, one bit per pixel, row by row, most significant bit first. */
  readonly screen:
    | { readonly kind: "pixels"; readonly width: number; readonly height: number; readonly bits: string }
    | { readonly kind: "text"; readonly lines: readonly string[] };
  /** False without a display: then `screen` is what one would show. */
  readonly fitted: boolean;
  /** The display is dimmed, since no button was pressed for a while. */
  readonly dimmed: boolean;
  /** The LED of the mode button, lit in auto. */
  readonly modeLed: boolean;
  readonly statusLed: boolean;
  /** The relay as commanded. */
  readonly relay: boolean;
  /**
   * The simulated room of a virtual hat. The buttons of a real hat, which has no `room`, cannot be pressed from the
   * page: a change made on the device must come from a person in front of it.
   */
  readonly room?: PanelRoom;
}

export interface PanelRoom {
  /** °C, simulated. */
  readonly air: number;
  /** °C */
  readonly outside: number;
  readonly windowOpen: boolean;
  /** Faults of its hardware that can be simulated, for a demonstration. */
  readonly faults: readonly SimulatedFault[];
}

/** A press or a release; the device measures the time between them. */
export interface PanelPress {
  readonly key: "a" | "b" | "mode" | "window";
  /** For the window, down is open. */
  readonly down: boolean;
}

export interface QueuedMessage {
  readonly messageId: string;
  /** `method-name` of an offline command. */
  readonly name: string | null;
  readonly queuedMs: number;
  readonly expiresMs: number;
  readonly deliveries: number;
}

export interface DesiredEdit {
  /** A patch: absent names stay unchanged, `null` deletes. */
  readonly properties: Readonly<Record<string, Json>>;
  /** Answer 412 unless the desired document still has this `$version`. */
  readonly ifVersion?: number | undefined;
}

export interface DesiredEdited {
  readonly desiredVersion: number;
  /** Whether the patch was sent to the device at once. */
  readonly pushed: boolean;
}

export interface CommandCall {
  readonly name: string;
  readonly payload: Json;
  /** Timeout of the device's answer; 30 when absent, at most 300. */
  readonly timeoutSeconds?: number | undefined;
}

export interface CommandAnswer {
  /** The device's status; 2xx is success. */
  readonly status: number;
  readonly payload: Json;
  readonly tookMs: number;
}

/** A command that is queued until the device connects (IoT Central's offline command). */
export interface OfflineCommand {
  readonly name: string;
  readonly payload: Json;
  /** 3600 when absent, at most 172800 (two days). */
  readonly ttlSeconds?: number | undefined;
}

export interface OfflineCommandQueued {
  readonly messageId: string;
  readonly expiresMs: number;
}

/** Who caused an event. `operator`: the cloud's side. `local`: a command of this machine, or the device's own page. */
export type Actor = "operator" | "device" | "hub" | "local";

export type TimelineKind =
  /** A desired property was edited. */
  | "desired"
  /** The device reported a value without acknowledging a desired one. */
  | "reported"
  /** The device acknowledged a desired version: see `ack`. */
  | "acknowledged"
  | "refused"
  /** Both sides had changed it; see `winner`. */
  | "conflict"
  | "connected"
  | "disconnected"
  /** The login failed; `text` has the reason. */
  | "rejected"
  | "cable"
  | "throttle"
  | "command"
  | "message-queued"
  | "message-delivered"
  | "message-expired"
  /** Telemetry that is an event in the model, a fault for instance. */
  | "event"
  | "provisioned"
  | "registry"
  /** A demonstration begins anew: what was before is no part of it. */
  | "story";

export interface TimelineEvent {
  /** Increases with every event of the hub, over restarts too. */
  readonly sequence: number;
  readonly atMs: number;
  readonly deviceId: string;
  readonly kind: TimelineKind;
  readonly actor: Actor;
  /** For users. Programs use the other fields. */
  readonly text: string;
  readonly property?: string;
  readonly before?: Json;
  readonly after?: Json;
  /** The desired `$version`. */
  readonly version?: number;
  readonly ack?: Acknowledgement;
  /** In a conflict: whose value is in force; the value that lost, and when it was set. */
  readonly winner?: "operator" | "device";
  readonly lost?: Json;
  readonly lostAtMs?: number;
  /** In a conflict: the operator had deleted the desired value. */
  readonly deleted?: boolean;
  /** The new state of the cable. */
  readonly cable?: CableState;
  /** True when the device was not connected at the time. */
  readonly whileOffline?: boolean;
}

export type StreamEvent =
  | { readonly type: "hello"; readonly hub: HubInfo; readonly devices: readonly DeviceSummary[] }
  /** The summary changed; changes within 50 ms are combined. */
  | { readonly type: "device"; readonly device: DeviceSummary }
  /** The twin changed; the documents are complete, not patches. */
  | { readonly type: "twin"; readonly device: DeviceDetail }
  | {
      readonly type: "telemetry";
      readonly deviceId: string;
      readonly atMs: number;
      readonly values: Readonly<Record<string, Json>>;
    }
  | { readonly type: "timeline"; readonly event: TimelineEvent }
  /** Of a device's own page. */
  | { readonly type: "log"; readonly deviceId: string; readonly line: LogLine }
  /** Of every group of the hub's feed; after `hello`, and at each change. */
  | { readonly type: "roll-outs"; readonly groups: readonly RollOutGroup[] }
  /** The new state of its front; `null`: it no longer has one. */
  | { readonly type: "panel"; readonly deviceId: string; readonly panel: PanelView | null }
  | { readonly type: "removed"; readonly deviceId: string };
