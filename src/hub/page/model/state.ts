/**
 * Folder model/: the page's state and its texts. No DOM.
 *
 * The state, and how each event changes it.
 *
 * Guarantee: pure, and never throws. Repeated events, and events about a device that is not shown, are
 * harmless.
 */
import type { Json } from "../../../base/json/value.ts";
import type {
  DeviceDetail,
  DeviceSummary,
  HubInfo,
  PanelView,
  StreamEvent,
  TimelineEvent,
} from "../../page-server/api.ts";
import type { History, LogLine } from "../../page-server/api-history.ts";
import type { RollOutGroup } from "../../page-server/api-roll-outs.ts";
import { own } from "./own.ts";

export interface PageState {
  readonly stream: "connecting" | "live" | "lost";
  readonly hub: HubInfo | undefined;
  /** By id, in alphabetical order. */
  readonly devices: readonly DeviceSummary[];
  /** Of the hub's feed; empty without one. */
  readonly rollOuts: readonly RollOutGroup[];
  /** Id of the device shown; `undefined` while there is none. */
  readonly shown: string | undefined;
  /** Of the device shown, once it has been fetched. */
  readonly detail: DeviceDetail | undefined;
  /** The front of the device shown that came last by the stream: a fetched one may be older. `null`: none any more. */
  readonly front: PanelView | null | undefined;
  /** Of the device shown, oldest first, without duplicates. */
  readonly timeline: readonly TimelineEvent[];
  /** Of the device shown, oldest first; empty for a hub's device. */
  readonly log: readonly LogLine[];
  /** Telemetry of the device shown, by name, oldest first. */
  readonly series: Readonly<Record<string, Series>>;
}

export interface Series {
  readonly atMs: readonly number[];
  readonly values: readonly (number | null)[];
}

export type PageEvent =
  | StreamEvent
  | { readonly type: "link"; readonly link: PageState["stream"] }
  | { readonly type: "show"; readonly deviceId: string | undefined }
  | { readonly type: "detail"; readonly detail: DeviceDetail }
  | { readonly type: "history"; readonly deviceId: string; readonly history: History }
  | { readonly type: "log-past"; readonly deviceId: string; readonly lines: readonly LogLine[] }
  | { readonly type: "past"; readonly deviceId: string; readonly events: readonly TimelineEvent[] };

export const emptyState: PageState = {
  stream: "connecting",
  hub: undefined,
  devices: [],
  rollOuts: [],
  shown: undefined,
  detail: undefined,
  front: undefined,
  timeline: [],
  log: [],
  series: {},
};

/** A day of readings at the shortest interval, 5 s. */
const maxEvents = 300;
const maxLines = 200;
const maxPoints = 17_280;

const nothingShown = { detail: undefined, front: undefined, timeline: [], log: [], series: {} } as const;

export function reduce(state: PageState, event: PageEvent): PageState {
  switch (event.type) {
    case "link":
      return { ...state, stream: event.link };
    case "hello":
      // Its roll-outs follow, where it has any.
      return withDevices({ ...state, hub: event.hub, rollOuts: [], front: undefined }, event.devices);
    case "roll-outs":
      return { ...state, rollOuts: event.groups };
    case "device":
      return isOutdated(state, event.device) ? state : mergeSummary(state, event.device);
    case "removed":
      return withDevices(
        state,
        state.devices.filter(({ id }) => id !== event.deviceId),
      );
    case "twin":
    case "detail": {
      const detail = event.type === "twin" ? event.device : withFront(state, event.detail);
      return isOutdated(state, detail) ? withOutdated(state, detail) : withDetail(state, detail);
    }
    case "show":
      return event.deviceId === state.shown ? state : { ...state, ...nothingShown, shown: event.deviceId };
    case "timeline":
      return event.event.deviceId === state.shown ? addEvents(state, [event.event]) : state;
    case "past":
      return event.deviceId === state.shown ? addEvents(state, event.events) : state;
    case "log":
      return event.deviceId === state.shown
        ? { ...state, log: [...state.log, event.line].slice(-maxLines) }
        : state;
    case "log-past":
      return event.deviceId === state.shown ? { ...state, log: event.lines } : state;
    case "telemetry":
      return event.deviceId === state.shown ? addReadings(state, event.atMs, event.values) : state;
    case "history":
      return event.deviceId === state.shown ? withHistory(state, event.history) : state;
    case "panel":
      if (event.deviceId !== state.shown) return state;
      return {
        ...state,
        front: event.panel,
        detail: state.detail && withPanel(state.detail, event.panel),
      };
  }
}

const natural = new Intl.Collator(undefined, { numeric: true });

/** Natural: heater-2 before heater-10. */
export const byId = ({ id: a }: DeviceSummary, { id: b }: DeviceSummary): number =>
  natural.compare(a, b) || (a < b ? -1 : Number(a > b));

/** Keeps the device shown while it exists; else shows the first. */
function withDevices(state: PageState, devices: readonly DeviceSummary[]): PageState {
  const sorted = [...devices].sort(byId);
  const stays = sorted.some(({ id }) => id === state.shown);
  if (stays) return { ...state, devices: sorted };
  return { ...state, ...nothingShown, devices: sorted, shown: sorted[0]?.id };
}

/** Whether a newer view of the device has arrived before this one. */
const isOutdated = (state: PageState, { id, revision }: DeviceSummary): boolean =>
  state.devices.some((known) => known.id === id && known.revision > revision);

function withDetail(state: PageState, detail: DeviceDetail): PageState {
  const merged = withUnit(mergeSummary(state, detail), detail, state.detail);
  return detail.id === state.shown ? { ...merged, detail } : merged;
}

/** The device on the server's machine has the unit of the page among its settings: a change of it shows at once. */
function withUnit(state: PageState, detail: DeviceDetail, before: DeviceDetail | undefined): PageState {
  const [unit, last] = [unitOf(detail), before?.id === detail.id ? unitOf(before) : undefined];
  if (unit === undefined || last === undefined || unit === last || state.hub === undefined) return state;
  return { ...state, hub: { ...state.hub, unit } };
}

const unitOf = ({ settings }: DeviceDetail): HubInfo["unit"] | undefined =>
  settings && (settings.changed["displayUnit"] === "F" ? "F" : "C");

/** An outdated twin is better than none, under the newer summary; the next change sends all of it. */
function withOutdated(state: PageState, detail: DeviceDetail): PageState {
  if (detail.id !== state.shown || state.detail !== undefined) return state;
  const summary = state.devices.find(({ id }) => id === detail.id);
  return { ...state, detail: { ...detail, ...summary } };
}

function mergeSummary(state: PageState, device: DeviceSummary): PageState {
  const others = state.devices.filter(({ id }) => id !== device.id);
  const merged = withDevices(state, [...others, device]);
  const { detail } = merged;
  return detail?.id === device.id ? { ...merged, detail: { ...detail, ...device } } : merged;
}

const withFront = ({ front, shown }: PageState, detail: DeviceDetail): DeviceDetail =>
  front === undefined || detail.id !== shown ? detail : withPanel(detail, front);

function withPanel({ panel: _before, ...rest }: DeviceDetail, panel: PanelView | null): DeviceDetail {
  return panel === null ? rest : { ...rest, panel };
}

function addEvents(state: PageState, events: readonly TimelineEvent[]): PageState {
  const bySequence = new Map(state.timeline.map((event) => [event.sequence, event]));
  for (const event of events) bySequence.set(event.sequence, event);
  const timeline = [...bySequence.values()].sort((a, b) => a.sequence - b.sequence).slice(-maxEvents);
  return { ...state, timeline };
}

function addReadings(state: PageState, atMs: number, values: Readonly<Record<string, Json>>): PageState {
  const changed = Object.entries(values).flatMap(([name, json]) => {
    const value = typeof json === "boolean" ? Number(json) : json;
    if (typeof value !== "number") return [];
    const known = own(state.series, name);
    return [[name, insert(known, atMs, value)] as const];
  });
  // Not by assignment: a device may send a value named `__proto__`.
  return { ...state, series: Object.fromEntries([...Object.entries(state.series), ...changed]) };
}

/** Inserts by time, since a device's outbox sends old readings late; a known time keeps its value. */
function insert(series: Series | undefined, atMs: number, value: number): Series {
  const { atMs: times, values } = series ?? { atMs: [], values: [] };
  let at = times.length;
  while (at > 0 && (times[at - 1] ?? 0) > atMs) at -= 1;
  if (times[at - 1] === atMs) return { atMs: times, values };
  return cut({ atMs: times.toSpliced(at, 0, atMs), values: values.toSpliced(at, 0, value) });
}

const cut = ({ atMs, values }: Series): Series =>
  atMs.length > maxPoints
    ? { atMs: atMs.slice(-maxPoints), values: values.slice(-maxPoints) }
    : { atMs, values };

/** Keeps readings from the stream that are newer than the history. */
function withHistory(state: PageState, { series }: History): PageState {
  const merged = Object.entries(series).map(([name, past]) => {
    const known = own(state.series, name);
    const { atMs, values } = known ?? { atMs: [], values: [] };
    const pastEnds = past.atMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    const fresh = atMs.findIndex((at) => at > pastEnds);
    if (fresh < 0) return [name, cut(past)] as const;
    const whole = {
      atMs: [...past.atMs, ...atMs.slice(fresh)],
      values: [...past.values, ...values.slice(fresh)],
    };
    return [name, cut(whole)] as const;
  });
  return { ...state, series: Object.fromEntries([...Object.entries(state.series), ...merged]) };
}
