/** What came of the last time apart: who changed what, and who won. */
import type { TimelineEvent } from "../../page-server/api.ts";
import { labelOf, valueText } from "./words.ts";

/** Between a cable's return and the end of a connection that did not outlive the cut. */
const noticingMs = 5_000;

export interface Outcome {
  readonly property: string;
  readonly label: string;
  /** `cloud` and `device`: this side's value is in force now; `refused`: neither was asked to yield. */
  readonly result: "cloud" | "device" | "refused";
  readonly inForce: string;
  /** The other side's value, where both had changed. */
  readonly lost: string | undefined;
}

export interface Reconnection {
  readonly apartMs: number;
  readonly outcomes: readonly Outcome[];
}

const parts = (kind: TimelineEvent["kind"]): boolean => kind === "disconnected" || kind === "cable";

/**
 * What the last time apart came to.
 * @param events oldest first
 * @returns `undefined` when the device has not come back since, or never was away
 */
export function lastReconnection(events: readonly TimelineEvent[]): Reconnection | undefined {
  const back = events.findLastIndex(({ kind }) => kind === "connected");
  const after = events.slice(back + 1);
  const [came] = events.slice(back);
  if (back < 0 || came === undefined || after.some(({ kind }) => parts(kind))) return undefined;
  const before = events.findLastIndex(({ kind }, at) => at < back && kind === "connected");
  const apart = events.slice(before + 1, back);
  const gone = partedBy(apart);
  if (gone === undefined) return undefined;
  const edited = new Set(apart.filter(({ kind }) => kind === "desired").map(({ property }) => property));
  const outcomes = new Map<string, Outcome>();
  for (const event of after) {
    // A new edit begins a new story.
    if (event.kind === "desired") break;
    const outcome = outcomeOf(event, edited);
    const known = outcome === undefined ? undefined : outcomes.get(outcome.property);
    if (outcome !== undefined && known?.lost === undefined) outcomes.set(outcome.property, outcome);
  }
  return { apartMs: came.atMs - gone.atMs, outcomes: [...outcomes.values()] };
}

/**
 * The event since which the device was away: behind a silent cable the hub learns late that it is gone, so the pull
 * counts. A pull that the connection outlived does not: a silent cut put back in time leaves no new connection.
 * @param events from one connection to the next, oldest first
 */
function partedBy(events: readonly TimelineEvent[]): TimelineEvent | undefined {
  const noticedAt = events.findLastIndex(({ kind }) => kind === "disconnected");
  const noticed = events[noticedAt];
  let pull: TimelineEvent | undefined;
  let plug: TimelineEvent | undefined;
  for (const event of noticed === undefined ? events : events.slice(0, noticedAt)) {
    if (event.kind !== "cable") continue;
    if (isPull(event)) {
      if (plug !== undefined) pull = undefined;
      pull ??= event;
      plug = undefined;
    } else plug = event;
  }
  const outlived = noticed !== undefined && plug !== undefined && noticed.atMs - plug.atMs > noticingMs;
  return outlived ? noticed : (pull ?? noticed);
}

/** An event that an earlier version of the hub stored does not say which way the cable went. */
const isPull = ({ cable }: TimelineEvent): boolean => cable !== undefined && cable !== "connected";

function outcomeOf(event: TimelineEvent, edited: ReadonlySet<string | undefined>): Outcome | undefined {
  const { property, kind } = event;
  if (property === undefined) return undefined;
  const base = { property, label: labelOf(property), inForce: valueText(property, event.after) };
  if (kind === "conflict") {
    const result = event.winner === "device" ? "device" : "cloud";
    return { ...base, result, lost: event.lost === undefined ? undefined : valueText(property, event.lost) };
  }
  // An edit of a shared property is reported with an acknowledgement; the device's accounts are not.
  if (kind === "reported" && event.ack !== undefined) return { ...base, result: "device", lost: undefined };
  if (!edited.has(property)) return undefined;
  if (kind === "acknowledged") return { ...base, result: "cloud", lost: undefined };
  if (kind === "refused") return { ...base, result: "refused", lost: undefined };
  return undefined;
}
