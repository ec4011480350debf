/** The timeline in words, and what came of the last time apart: who changed what, and who won. */
import { readOnlyNames } from "../../../control/cloud-model.ts";
import type { Actor, TimelineEvent } from "../../page-api.ts";
import type { IconName } from "./icon-paths.ts";
import type { Tone } from "./standing.ts";
import { labelOf, plainTimes, valueText } from "./words.ts";

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

/** Between the two clocks, and while a report is on its way. */
const justNowMs = 5_000;
/** Twice the slower pace of a held key. */
const stepMs = 1_000;

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
  const said = saidBy(event);
  return {
    sequence: event.sequence,
    atMs: event.atMs,
    actor: event.actor,
    icon,
    tone,
    title: title ?? event.text.charAt(0).toUpperCase() + event.text.slice(1),
    detail: title === undefined ? "" : event.kind === "conflict" ? plainTimes(event.text) : said,
    whileApart: event.whileApart === true,
  };
}

/** What the device says of it itself; when it was set, only where that was not just now. */
function saidBy({ kind, ack, atMs }: TimelineEvent): string {
  const text = ack?.text ?? "";
  const setAt = /^set at the device at (\S+)$/.exec(text)?.[1];
  const isNow = setAt !== undefined && Math.abs(Date.parse(setAt) - atMs) < justNowMs;
  return kind === "reported" && isNow ? "" : plainTimes(text);
}

/**
 * A held key makes a report each time that the set-point moves: of such a run only its end is told.
 * @param events oldest first
 */
export const withoutSteps = (events: readonly TimelineEvent[]): readonly TimelineEvent[] =>
  events.filter((event, at) => {
    const next = events[at + 1];
    const goesOn = next?.kind === "reported" && next.property === event.property;
    return !(event.kind === "reported" && goesOn && next.atMs - event.atMs < stepMs);
  });

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
    case "conflict": {
      const lost = event.lost === undefined ? "" : ` over ${valueText(event.property, event.lost)}`;
      return `${label}: ${event.winner === "device" ? "the device" : "the cloud"} won with ${value}${lost}`;
    }
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

/** The device's own accounts change all the time and are nobody's edit. */
const accounts: readonly string[] = readOnlyNames.filter((name) => name !== "faults");

/** What belongs into a story of who changed what. */
export const isWorthTelling = ({ kind, property }: TimelineEvent): boolean =>
  kind !== "reported" || property === undefined || !accounts.includes(property);

const parts = (kind: TimelineEvent["kind"]): boolean => kind === "disconnected" || kind === "cable";

/**
 * What the last time apart came to.
 * @param events oldest first
 * @returns `undefined` when the device has not come back since, or never was away
 */
export function lastReunion(events: readonly TimelineEvent[]): Reunion | undefined {
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
  const outlived = noticed !== undefined && plug !== undefined && noticed.atMs - plug.atMs > justNowMs;
  return outlived ? noticed : (pull ?? noticed);
}

/** The hub says only in words which way the cable went. */
const isPull = ({ text }: TimelineEvent): boolean => text.startsWith("the cable was pulled");

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
