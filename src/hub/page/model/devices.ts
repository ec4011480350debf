/**
 * The list of devices: what each row shows, the search by name, state and fault, the filters, the order.
 *
 * Guarantee: pure; the order is the same for the same devices, whatever order they come in.
 */
import type { DeviceSummary } from "../../page-server/api.ts";
import { own } from "./own.ts";
import { byId } from "./state.ts";
import { faultWord, temperatureText } from "./text/words.ts";
import { link, type TileView } from "./tiles.ts";

/** In their order on the page. */
export const deviceColumns = {
  id: "Device",
  state: "State",
  faults: "Faults",
  room: "Room",
  setPoint: "Set-point",
  heater: "Heater",
  edits: "Edits",
} as const;
export type DeviceColumn = keyof typeof deviceColumns;

/** In their order on the page. */
export const deviceFilters = {
  all: "All",
  online: "Online",
  offline: "Offline",
  faults: "With faults",
  edits: "With open edits",
} as const;
export type DeviceFilter = keyof typeof deviceFilters;

export interface DeviceQuery {
  /** Words that must all be there. */
  readonly search: string;
  readonly filter: DeviceFilter;
  readonly sort: DeviceColumn;
  readonly descending: boolean;
}

export const firstQuery: DeviceQuery = { search: "", filter: "all", sort: "id", descending: false };

export interface DeviceRow {
  readonly id: string;
  readonly state: TileView;
  /** Empty: none. */
  readonly faults: string;
  /** Empty where nothing is known. */
  readonly room: string;
  readonly setPoint: string;
  readonly heater: string;
  readonly edits: string;
  /** The values are old. */
  readonly isAway: boolean;
}

export interface DeviceList {
  readonly rows: readonly DeviceRow[];
  /** Of all devices, whatever the search. */
  readonly counts: Readonly<Record<DeviceFilter, number>>;
  /** Such as `12 devices, 3 offline, 1 with faults`. */
  readonly summary: string;
  /** Why there are no rows; empty where there are some. */
  readonly nothing: string;
}

const reading = ({ latest }: DeviceSummary, name: string): number | undefined => {
  const value = own(latest, name)?.value;
  return typeof value === "number" ? value : undefined;
};

const openEdits = ({ pending, refused }: DeviceSummary): number => pending + refused;

const belongs: Readonly<Record<DeviceFilter, (device: DeviceSummary) => boolean>> = {
  all: () => true,
  online: ({ connected }) => connected,
  offline: ({ connected }) => !connected,
  faults: ({ faults }) => faults.length > 0,
  edits: (device) => openEdits(device) > 0,
};

function heaterWord({ latest }: DeviceSummary): string {
  const on = own(latest, "heaterOn")?.value;
  return typeof on === "boolean" ? (on ? "On" : "Off") : "";
}

function editsText({ pending, refused }: DeviceSummary): string {
  const parts = [pending > 0 && `${pending} pending`, refused > 0 && `${refused} refused`];
  return parts.filter(Boolean).join(", ");
}

function rowOf(device: DeviceSummary, nowMs: number): DeviceRow {
  const [room, setPoint] = [reading(device, "temperature"), reading(device, "setPoint")];
  return {
    id: device.id,
    state: link(device, nowMs),
    faults: device.faults.map(faultWord).join(", "),
    room: room === undefined ? "" : temperatureText(room),
    setPoint: setPoint === undefined ? "" : temperatureText(setPoint),
    heater: heaterWord(device),
    edits: editsText(device),
    isAway: !device.connected,
  };
}

/** What a search looks at: the name, the state, each fault by word and code, heat, what waits or was refused. */
function searchText(device: DeviceSummary, { state, faults, heater, edits }: DeviceRow): string {
  const isFaulty = device.faults.length > 0;
  const words = [device.id, state.value, faults, ...device.faults, isFaulty && "fault faults", edits];
  // Not "heater", which is part of many names.
  return [...words, heater === "On" && "heating"].filter(Boolean).join(" ").toLowerCase();
}

/** What a column is sorted by: a higher number, or a later text, is further down. */
function rankOf(device: DeviceSummary, column: DeviceColumn): number {
  switch (column) {
    case "id":
      return 0;
    case "state":
      // Those that are away first: they need somebody.
      return Number(device.connected);
    case "faults":
      return -device.faults.length;
    case "room":
      return reading(device, "temperature") ?? Number.POSITIVE_INFINITY;
    case "setPoint":
      return reading(device, "setPoint") ?? Number.POSITIVE_INFINITY;
    case "heater":
      return own(device.latest, "heaterOn")?.value === true ? 0 : 1;
    case "edits":
      return -openEdits(device);
  }
}

/** By the name where a column is equal. */
function sorted(devices: readonly DeviceSummary[], { sort, descending }: DeviceQuery): DeviceSummary[] {
  const turn = descending ? -1 : 1;
  return [...devices].sort((a, b) => {
    const [left, right] = [rankOf(a, sort), rankOf(b, sort)];
    if (left === right) return byId(a, b) * (sort === "id" ? turn : 1);
    // A value that is unknown stays below, in both directions.
    if (left === Number.POSITIVE_INFINITY || right === Number.POSITIVE_INFINITY) return left < right ? -1 : 1;
    return (left - right) * turn;
  });
}

function summaryOf(counts: DeviceList["counts"]): string {
  const parts = [
    `${counts.all} ${counts.all === 1 ? "device" : "devices"}`,
    counts.offline > 0 && `${counts.offline} offline`,
    counts.faults > 0 && `${counts.faults} with faults`,
    counts.edits > 0 && `${counts.edits} with open edits`,
  ];
  return parts.filter(Boolean).join(", ");
}

const nothingWords: Readonly<Record<DeviceFilter, string>> = {
  all: "",
  online: "No device is online.",
  offline: "Every device is online.",
  faults: "No device has a fault.",
  edits: "No edit waits for a device, and none was refused.",
};

/** @param nowMs by the hub's clock */
export function deviceList(devices: readonly DeviceSummary[], query: DeviceQuery, nowMs: number): DeviceList {
  const counts = Object.fromEntries(
    Object.entries(belongs).map(([filter, isIn]) => [filter, devices.filter(isIn).length]),
  ) as DeviceList["counts"];
  const words = query.search.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = sorted(devices.filter(belongs[query.filter]), query).flatMap((device) => {
    const row = rowOf(device, nowMs);
    const searched = searchText(device, row);
    return words.every((word) => searched.includes(word)) ? [row] : [];
  });
  const isEmpty = counts[query.filter] === 0;
  const among = query.filter === "all" ? "" : ` among those ${deviceFilters[query.filter].toLowerCase()}`;
  const missed = `No device matches “${query.search.trim()}”${among}.`;
  const nothing = rows.length > 0 ? "" : isEmpty ? nothingWords[query.filter] : missed;
  return { rows, counts, summary: summaryOf(counts), nothing };
}
