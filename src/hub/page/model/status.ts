/** The status of a property as a word, a tone and a detail. */
import { firmwareComponent } from "../../../model/cloud-model.ts";
import type { DeviceDetail, PropertyRow } from "../../page-server/api.ts";
import type { PageState } from "./state.ts";
import { timeText } from "./text/times.ts";
import { isComponent, plainText, valueText } from "./text/words.ts";

/** Colours never carry meaning alone: each comes with a word and an icon. */
export type Tone = "quiet" | "pending" | "good" | "bad" | "device" | "cloud";

export interface StatusView {
  readonly tone: Tone;
  readonly word: string;
  /** The reason or the next step; may be empty. */
  readonly detail: string;
}

/** What the tab shows: the room, and first of all that nothing of it is true any more. */
export function pageTitle({ stream, hub, shown, detail }: PageState): string {
  const name = hub?.kind === "device" || shown === undefined ? "" : `${shown} · `;
  const page = hub?.kind === "device" ? "Heater" : "Local hub";
  if (stream === "lost") return `Connection lost · ${name}${page}`;
  const reading = detail?.connected ? detail.latest["temperature"]?.value : undefined;
  const room = typeof reading === "number" ? `${valueText("temperature", reading)} · ` : "";
  return `${room}${name}${page}`;
}

/** @param reachable whether the device is connected */
export function statusView(row: PropertyRow, reachable: boolean): StatusView {
  const { ack } = row;
  const text = plainText(ack?.text ?? "");
  switch (row.status) {
    case "pending":
      return {
        tone: "pending",
        word: "Pending",
        detail: reachable ? "sent, not acknowledged yet" : "waits for the device to reconnect",
      };
    case "acknowledged":
      return { tone: "good", word: "Acknowledged", detail: text };
    case "refused":
      return { tone: "bad", word: "Refused", detail: text === "" ? `code ${ack?.code ?? "?"}` : text };
    case "unanswered":
      return { tone: "quiet", word: "Not answered", detail: "the device has no such property" };
    case "overruled":
      return {
        tone: "device",
        word: "Device’s value won",
        detail: text === "" ? `${valueText(row.name, row.reported?.value)} stays in force` : text,
      };
    case "device-only": {
      const { source, atMs } = ack?.origin ?? {};
      const word = ack?.code === 203 || source === "default" ? originWord(source) : "Device";
      const detail = source === undefined ? text : atMs === undefined ? "" : `at ${timeText(atMs)}`;
      return { tone: "quiet", word, detail };
    }
    case "deleted":
      return { tone: "quiet", word: "Deleted", detail: "no longer desired" };
  }
}

/** Who set a value. */
export const originWord = (source: string | undefined): string =>
  (source !== undefined && Object.hasOwn(origins, source) && origins[source]) || "Set on the device";

const origins: Readonly<Record<string, string>> = {
  default: "Default",
  cloud: "Set by the cloud",
  local: "Set on the page or by a command",
  "home-assistant": "Set by Home Assistant",
};

/** "v7" as sent and "v7 · 200" as answered. */
export const desiredVersionText = (row: PropertyRow): string =>
  row.desired === undefined ? "" : `v${row.desired.version}`;

export function ackText(row: PropertyRow): string {
  if (row.ack === undefined) return "";
  return row.ack.version === 0 ? `${row.ack.code}` : `v${row.ack.version} · ${row.ack.code}`;
}

/** Writable properties in the table's order, and those that only the device reports, without its firmware's. */
export function sortedRows(
  detail: DeviceDetail,
  order: readonly string[],
): { readonly shared: readonly PropertyRow[]; readonly reported: readonly PropertyRow[] } {
  const rank = ({ name }: PropertyRow) => {
    const at = order.indexOf(name);
    return at < 0 ? order.length : at;
  };
  const isShared = (row: PropertyRow) =>
    row.desired !== undefined || row.ack !== undefined || order.includes(row.name);
  // The card of firmware updates shows them.
  const others = detail.properties.filter(({ name }) => name !== firmwareComponent.name);
  const rows = others.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  return {
    shared: rows.filter(isShared),
    reported: rows.filter((row) => !isShared(row) && row.reported !== undefined).flatMap(membersOf),
  };
}

/** A row for each text member of a component; the documents show the others. */
function membersOf(row: PropertyRow): readonly PropertyRow[] {
  const { reported } = row;
  const value = reported?.value;
  if (!isComponent(value)) return [row];
  return Object.entries(value)
    .filter(([name, member]) => name !== "__t" && typeof member === "string" && member !== "unknown")
    .map(([name, member]) => ({ ...row, name, reported: { value: member, atMs: reported?.atMs ?? 0 } }));
}
