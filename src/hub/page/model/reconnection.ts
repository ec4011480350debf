/** The outcome of the last offline period: who changed what, and who won. */
import type { TimelineEvent } from "../../page-server/api.ts";
import { labelOf, valueText } from "./text/words.ts";

/** After the cable is plugged in, a connection that did not survive ends within this time. */
const lateCloseMs = 5_000;

export interface Outcome {
  readonly property: string;
  readonly label: string;
  /** `cloud` and `device`: this side's value is in force; `refused`: the device rejected the desired value. */
  readonly result: "cloud" | "device" | "refused";
  readonly inForce: string;
  /** The other side's value, where both had changed. */
  readonly lost: string | undefined;
}

export interface Reconnection {
  readonly offlineMs: number;
  readonly outcomes: readonly Outcome[];
}

const isDisconnect = (kind: TimelineEvent["kind"]): boolean => kind === "disconnected" || kind === "cable";

/**
 * @param events oldest first
 * @returns `undefined` while the device is offline, or when it never was
 */
export function lastReconnection(events: readonly TimelineEvent[]): Reconnection | undefined {
  const back = events.findLastIndex(({ kind }) => kind === "connected");
  const after = events.slice(back + 1);
  const [came] = events.slice(back);
  if (back < 0 || came === undefined || after.some(({ kind }) => isDisconnect(kind))) return undefined;
  const before = events.findLastIndex(({ kind }, at) => at < back && kind === "connected");
  const offline = events.slice(before + 1, back);
  const start = startOfOffline(offline);
  if (start === undefined) return undefined;
  const edited = new Set(offline.filter(({ kind }) => kind === "desired").map(({ property }) => property));
  const outcomes = new Map<string, Outcome>();
  for (const event of after) {
    // A later edit is not part of this reconnection.
    if (event.kind === "desired") break;
    const outcome = outcomeOf(event, edited);
    const known = outcome === undefined ? undefined : outcomes.get(outcome.property);
    if (outcome !== undefined && known?.lost === undefined) outcomes.set(outcome.property, outcome);
  }
  return { offlineMs: came.atMs - start.atMs, outcomes: [...outcomes.values()] };
}

/**
 * The event that began the offline period. Behind a silent cable the hub notices the loss late, so the unplugging
 * counts, unless the connection survived it.
 * @param events from one connect to the next, oldest first
 */
function startOfOffline(events: readonly TimelineEvent[]): TimelineEvent | undefined {
  const noticedAt = events.findLastIndex(({ kind }) => kind === "disconnected");
  const noticed = events[noticedAt];
  let unplug: TimelineEvent | undefined;
  let plug: TimelineEvent | undefined;
  for (const event of noticed === undefined ? events : events.slice(0, noticedAt)) {
    if (event.kind !== "cable") continue;
    if (isUnplug(event)) {
      if (plug !== undefined) unplug = undefined;
      unplug ??= event;
      plug = undefined;
    } else plug = event;
  }
  const outlived = noticed !== undefined && plug !== undefined && noticed.atMs - plug.atMs > lateCloseMs;
  return outlived ? noticed : (unplug ?? noticed);
}

/** Events stored by an earlier version have no `cable`. */
const isUnplug = ({ cable }: TimelineEvent): boolean => cable !== undefined && cable !== "connected";

function outcomeOf(event: TimelineEvent, edited: ReadonlySet<string | undefined>): Outcome | undefined {
  const { property, kind } = event;
  if (property === undefined) return undefined;
  const base = { property, label: labelOf(property), inForce: valueText(property, event.after) };
  if (kind === "conflict") {
    const result = event.winner === "device" ? "device" : "cloud";
    return { ...base, result, lost: event.lost === undefined ? undefined : valueText(property, event.lost) };
  }
  // Only writable properties are reported with an acknowledgement.
  if (kind === "reported" && event.ack !== undefined) return { ...base, result: "device", lost: undefined };
  if (!edited.has(property)) return undefined;
  if (kind === "acknowledged") return { ...base, result: "cloud", lost: undefined };
  if (kind === "refused") return { ...base, result: "refused", lost: undefined };
  return undefined;
}
