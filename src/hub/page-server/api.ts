/**
 * What the hub's page and the hub say to each other: JSON over HTTP on one origin, and one stream of events (SSE).
 * Types only: the page is bundled with them for a browser, the hub answers with them.
 *
 * | request                                   | body              | answer                         |
 * | ----------------------------------------- | ----------------- | ------------------------------ |
 * | GET    /api/session                       |                   | `Session` (always allowed)     |
 * | POST   /api/session                       | `SignIn`          | 204 and a cookie, or 403       |
 * | DELETE /api/session                       |                   | 204                            |
 * | GET    /api/hub                           |                   | `HubInfo`                      |
 * | GET    /api/devices                       |                   | `DeviceSummary[]`              |
 * | GET    /api/devices/{id}                  |                   | `DeviceDetail`                 |
 * | GET    /api/devices/{id}/history?sinceMs= |                   | `History`                      |
 * | GET    /api/devices/{id}/timeline?limit=  |                   | `TimelineEvent[]`, oldest first |
 * | PATCH  /api/devices/{id}/desired          | `DesiredEdit`     | `DesiredEdited`                |
 * | POST   /api/devices/{id}/command          | `CommandCall`     | `CommandAnswer`                |
 * | POST   /api/devices/{id}/message          | `OfflineCommand`  | 202 `OfflineCommandQueued`     |
 * | PUT    /api/devices/{id}/cable            | `CableRequest`    | `DeviceSummary`                |
 * | PUT    /api/devices/{id}/throttle         | `ThrottleRequest` | `DeviceSummary`                |
 * | POST   /api/devices/{id}/panel            | `PanelPress`      | 204                            |
 * | GET    /api/events                        |                   | the stream: `StreamEvent`s     |
 *
 * Every refusal is `Refusal` with a status from 400 on: 401 `sign-in`, 403 `origin`, 404 `not-found`,
 * 409 `offline` (a command to a device that is not connected), 409 `not-here` (a press on a front whose keys are
 * elsewhere), 412 `version`, 413 `too-large`, 429 `throttled`, 504 `timeout`. Bodies are `application/json`, at most
 * 64 KiB. Times are ms since 1970 by the hub's clock.
 *
 * The stream names each event by its `type` and carries the rest as JSON in `data:`. It opens with one `hello`, then
 * tells changes; the `id:` of a timeline event is its `sequence`, and a browser that comes back with `Last-Event-ID`
 * is first told what it missed. After a reconnect the page had better fetch what it shows again.
 */
import type { Json } from "../../base/json/value.ts";

export interface Refusal {
  readonly error: { readonly code: string; readonly message: string };
}

export interface Session {
  /** Whether this hub asks for a password: it does when it listens beyond loopback. */
  readonly passwordNeeded: boolean;
  readonly signedIn: boolean;
}

export interface SignIn {
  readonly password: string;
}

export interface HubInfo {
  /** Name under which devices know the hub, with its port unless that is 8883: `localhost`, `localhost:40123`. */
  readonly hubHost: string;
  readonly idScope: string;
  readonly startedMs: number;
  readonly nowMs: number;
  readonly devices: number;
  readonly connected: number;
  /** Whether the page can be reached from beyond this machine. */
  readonly exposed: boolean;
}

/** `connected`: the link may stand. The others are ways of being broken; see `CableRequest`. */
export type CableState = "connected" | "close" | "reset" | "silence";

export interface CableRequest {
  /**
   * `connected` plugs it in again. `close` ends the connection in good order (FIN), `reset` in bad (RST), and both
   * turn away every new one. `silence` leaves it open and answers nothing, which is what a dead line looks like.
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
  /** False for a device that was switched off in the registry. */
  readonly enabled: boolean;
  /** As the hub sees it; after `silence` it stays true until the keepalive runs out. */
  readonly connected: boolean;
  /** When the connection came or went last. */
  readonly connectionChangedMs: number | null;
  readonly lastActivityMs: number | null;
  readonly cable: CableState;
  readonly throttled: boolean;
  /** DTDL model id that the device gave. */
  readonly modelId: string | null;
  readonly desiredVersion: number;
  readonly reportedVersion: number;
  /** Properties whose desired value the device has not acknowledged yet. */
  readonly pending: number;
  readonly refused: number;
  /** Offline commands waiting in the queue. */
  readonly queuedMessages: number;
  /** The newest number or switch of each telemetry name. */
  readonly latest: Readonly<Record<string, TelemetryValue>>;
}

export interface TelemetryValue {
  readonly value: Json;
  readonly atMs: number;
}

/**
 * How a desired property stands with the device:
 * `pending` — desired has a version that the device has not acknowledged; `acknowledged` — acknowledged with 2xx and
 * the desired value in force, or with 200 and the nearest to it; `refused` — acknowledged with 4xx or 5xx;
 * `unanswered` — the device has acknowledged that version or a later one, and says nothing of this property;
 * `overruled` — answered with 203 or another 2xx, but the device keeps another value (its own won);
 * `device-only` — reported and never desired; `deleted` — was desired, is not any more, still reported.
 */
export type PropertyStatus =
  | "pending"
  | "acknowledged"
  | "refused"
  | "unanswered"
  | "overruled"
  | "device-only"
  | "deleted";

/** A property as both sides have it. */
export interface PropertyRow {
  readonly name: string;
  readonly status: PropertyStatus;
  /** Absent: not desired. `atMs` and `version` are the hub's `$metadata` of it. */
  readonly desired?: { readonly value: Json; readonly version: number; readonly atMs: number };
  /** Absent: not reported. `value` is unwrapped from an acknowledgement when it is in one. */
  readonly reported?: { readonly value: Json; readonly atMs: number };
  readonly ack?: Acknowledgement;
}

/** IoT Plug and Play acknowledgement: `ac`, `av`, `ad`. */
export interface Acknowledgement {
  readonly code: number;
  readonly version: number;
  readonly text?: string | undefined;
  /** Who made the value, and when, where `text` says that and nothing else. */
  readonly origin?: Origin | undefined;
}

export interface Origin {
  readonly source: "default" | "device" | "cloud";
  readonly atMs?: number | undefined;
}

export interface DeviceDetail extends DeviceSummary {
  readonly properties: readonly PropertyRow[];
  /** The whole documents, with `$version`, as the hub keeps them. */
  readonly desired: Readonly<Record<string, Json>>;
  readonly reported: Readonly<Record<string, Json>>;
  readonly desiredMetadata: Readonly<Record<string, Json>>;
  readonly reportedMetadata: Readonly<Record<string, Json>>;
  readonly tags: Readonly<Record<string, Json>>;
  readonly authentication: "sas" | "selfSigned" | "certificateAuthority";
  readonly messages: readonly QueuedMessage[];
  /** Its front, when it runs on this machine beside the hub. It does not go through the cable. */
  readonly panel?: PanelView;
}

/** What one sees on a device's front. */
export interface PanelView {
  /** `bits`: one a pixel, row by row, the first pixel in the highest bit of the first byte, in base64. */
  readonly screen:
    | { readonly kind: "pixels"; readonly width: number; readonly height: number; readonly bits: string }
    | { readonly kind: "text"; readonly lines: readonly string[] };
  /** False while the device finds no display: the picture is what one would show. */
  readonly fitted: boolean;
  /** Nobody has touched a key for a while. */
  readonly dimmed: boolean;
  /** The light in the mode button: lit in auto. */
  readonly modeLed: boolean;
  readonly statusLed: boolean;
  /** The relay as commanded. */
  readonly relay: boolean;
  /**
   * Where a virtual hat stands. Its keys can be pressed from the page; those of a real hat, which has no `room`,
   * cannot: what the twin calls the device's own change is that of a person who stands before the heater.
   */
  readonly room?: PanelRoom;
}

export interface PanelRoom {
  /** °C of the simulated air. */
  readonly air: number;
  /** °C */
  readonly outside: number;
  readonly windowOpen: boolean;
}

/** A key goes down or up, as under a finger: how long it was down is what the device measures. */
export interface PanelPress {
  readonly key: "a" | "b" | "mode" | "window";
  /** The window is no key: down is open. */
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

/** Telemetry that the hub still has: one series for each name, times rising. Switches are 0 and 1. */
export interface History {
  readonly nowMs: number;
  readonly series: Readonly<Record<string, HistorySeries>>;
}

export interface HistorySeries {
  readonly atMs: readonly number[];
  readonly values: readonly number[];
}

export interface DesiredEdit {
  /** A patch: names that are absent stay, `null` deletes. */
  readonly properties: Readonly<Record<string, Json>>;
  /** Refuse (412) unless the desired document still has this `$version`. */
  readonly ifVersion?: number | undefined;
}

export interface DesiredEdited {
  readonly desiredVersion: number;
  /** Whether the device was connected and told at once. */
  readonly pushed: boolean;
}

export interface CommandCall {
  readonly name: string;
  readonly payload: Json;
  /** How long to wait for the device's answer; 30 when absent, at most 300. */
  readonly timeoutSeconds?: number | undefined;
}

export interface CommandAnswer {
  /** What the device answered: 2xx went well. */
  readonly status: number;
  readonly payload: Json;
  readonly tookMs: number;
}

/** A command that waits in the queue until the device comes (IoT Central's offline command). */
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

/** Who did it. `operator`: this page or the service side. */
export type Actor = "operator" | "device" | "hub";

export type TimelineKind =
  /** Desired was edited. */
  | "desired"
  /** The device reported a value that is no acknowledgement of a desired one. */
  | "reported"
  /** The device acknowledged a desired version: see `ack`. */
  | "acknowledged"
  | "refused"
  /** Both sides had changed it; see `winner`. */
  | "conflict"
  | "connected"
  | "disconnected"
  /** The device was not let in: `text` says why. */
  | "turned-away"
  | "cable"
  | "throttle"
  | "command"
  | "message-queued"
  | "message-delivered"
  | "message-expired"
  /** A telemetry message that the device marked as an event, a fault for instance. */
  | "event"
  | "provisioned"
  | "registry";

export interface TimelineEvent {
  /** Rises by one with every event of the hub, over restarts too. */
  readonly sequence: number;
  readonly atMs: number;
  readonly deviceId: string;
  readonly kind: TimelineKind;
  readonly actor: Actor;
  /** One sentence for people. What a program needs is in the other fields. */
  readonly text: string;
  readonly property?: string;
  readonly before?: Json;
  readonly after?: Json;
  /** `$version` of desired that this is about. */
  readonly version?: number;
  readonly ack?: Acknowledgement;
  /** In a conflict: whose value is in force now; the value that lost, and when it was made. */
  readonly winner?: "operator" | "device";
  readonly lost?: Json;
  readonly lostAtMs?: number;
  /** In a conflict: the operator had deleted the desired value. */
  readonly deleted?: boolean;
  /** How the cable is from now on. */
  readonly cable?: CableState;
  /** True when the device was not connected as it happened. */
  readonly whileApart?: boolean;
}

export type StreamEvent =
  | { readonly type: "hello"; readonly hub: HubInfo; readonly devices: readonly DeviceSummary[] }
  /** Something in the summary changed; several changes within a moment come as one. */
  | { readonly type: "device"; readonly device: DeviceSummary }
  /** The twin changed; the documents are whole, not patches. */
  | { readonly type: "twin"; readonly device: DeviceDetail }
  | {
      readonly type: "telemetry";
      readonly deviceId: string;
      readonly atMs: number;
      readonly values: Readonly<Record<string, Json>>;
    }
  | { readonly type: "timeline"; readonly event: TimelineEvent }
  /** Its front as it is now; `null`: it has none here any more. */
  | { readonly type: "panel"; readonly deviceId: string; readonly panel: PanelView | null }
  | { readonly type: "removed"; readonly deviceId: string };
