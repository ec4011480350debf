/** The timeline in words, and what came of the last time apart: who changed what, and who won. */
import type { Actor, TimelineEvent } from "../../page-api.ts";
import type { IconName } from "./icon-paths.ts";
import type { Tone } from "./standing.ts";
import { labelOf, valueText } from "./words.ts";

export interface EventView {
  readonly sequence: number;
  readonly atMs: number;
  readonly actor: Actor;
  readonly icon: IconName;
  readonly tone: Tone;
  readonly title: string;
  /** The hub's own sentence, or what the device said; may be empty. */
  readonly detail: string;
  readonly whileApart: boolean;
}

const looks: Readonly<Record<TimelineEvent["kind"], readonly [IconName, Tone]>> = {
  desired: ["edit", "cloud"],
  reported: ["edit", "device"],
  acknowledged: ["check", "good"],
  refused: ["cross", "bad"],
  conflict: ["versus", "pending"],
  connected: ["link", "good"],
  disconnected: ["unplugged", "quiet"],
  "turned-away": ["key", "bad"],
  cable: ["plug", "quiet"],
  throttle: ["clock", "quiet"],
  command: ["command", "cloud"],
  "message-queued": ["queue", "cloud"],
  "message-delivered": ["check", "good"],
  "message-expired": ["cross", "bad"],
  event: ["fault", "device"],
  provisioned: ["key", "quiet"],
  registry: ["hub", "quiet"],
};

export const actorNames: Readonly<Record<Actor, string>> = {
  operator: "Cloud",
  device: "Device",
  hub: "Hub",
};

export function eventView(event: TimelineEvent): EventView {
  const [icon, tone] = looks[event.kind] ?? ["hub", "quiet"];
  const title = titleOf(event);
  const said = event.ack?.text ?? "";
  return {
    sequence: event.sequence,
    atMs: event.atMs,
    actor: event.actor,
    icon,
    tone,
    title: title ?? event.text,
    detail: title === undefined ? "" : event.kind === "conflict" ? event.text : said,
    whileApart: event.whileApart === true,
  };
}

/** A title of our own where the event is about a property; the hub's sentence else. */
function titleOf(event: TimelineEvent): string | undefined {
  if (event.property === undefined) return undefined;
  const label = labelOf(event.property);
  const value = valueText(event.property, event.after);
  const version = event.version === undefined ? "" : ` (v${event.version})`;
  switch (event.kind) {
    case "desired":
      return event.after === null ? `${label} deleted${version}` : `${label} set to ${value}${version}`;
    case "reported":
      return `${label} is ${value}`;
    case "acknowledged":
      return `${label} ${value} acknowledged${version}`;
    case "refused":
      return `${label} refused${version}`;
    case "conflict":
      return `${label}: ${event.winner === "device" ? "the device" : "the cloud"} won with ${value}`;
    default:
      return undefined;
  }
}

export interface Outcome {
  readonly property: string;
  readonly label: string;
  /** `cloud` and `device`: this side's value is in force now; `refused`: neither was asked to yield. */
  readonly result: "cloud" | "device" | "refused";
  readonly inForce: string;
  /** The other side's value, where both had changed. */
  readonly lost: string | undefined;
}

export interface Reunion {
  readonly apartMs: number;
  readonly outcomes: readonly Outcome[];
}

/**
 * What the last time apart came to.
 * @param events oldest first
 * @returns `undefined` when the device has not come back since, or never was away
 */
export function lastReunion(events: readonly TimelineEvent[]): Reunion | undefined {
  const back = events.findLastIndex(({ kind }) => kind === "connected");
  const went = events.findLastIndex(({ kind }, at) => at < back && kind === "disconnected");
  const goneAgain = events.findLastIndex(({ kind }) => kind === "disconnected") > back;
  const [gone, came] = [events[went], events[back]];
  if (gone === undefined || came === undefined || goneAgain) return undefined;
  const outcomes = new Map<string, Outcome>();
  const editedApart = new Set(
    events
      .slice(went, back)
      .flatMap(({ kind, property }) => (kind === "desired" && property ? [property] : [])),
  );
  for (const event of events.slice(back + 1)) {
    // A new edit begins a new story.
    if (event.kind === "desired") break;
    const outcome = outcomeOf(event, editedApart);
    if (outcome !== undefined && outcomes.get(outcome.property)?.lost === undefined) {
      outcomes.set(outcome.property, outcome);
    }
  }
  return { apartMs: came.atMs - gone.atMs, outcomes: [...outcomes.values()] };
}

function outcomeOf(event: TimelineEvent, editedApart: ReadonlySet<string>): Outcome | undefined {
  const { property, kind } = event;
  if (property === undefined) return undefined;
  const base = { property, label: labelOf(property), inForce: valueText(property, event.after) };
  if (kind === "conflict") {
    const result = event.winner === "device" ? "device" : "cloud";
    return { ...base, result, lost: event.lost === undefined ? undefined : valueText(property, event.lost) };
  }
  if (kind === "reported") return { ...base, result: "device", lost: undefined };
  if (!editedApart.has(property)) return undefined;
  if (kind === "acknowledged") return { ...base, result: "cloud", lost: undefined };
  if (kind === "refused") return { ...base, result: "refused", lost: undefined };
  return undefined;
}
