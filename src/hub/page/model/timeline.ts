/** The timeline in words: who changed what, and who won. */
import { readOnlyNames } from "../../../model/cloud-model.ts";
import type { Actor, TimelineEvent } from "../../page-server/api.ts";
import type { IconName } from "./icon-paths.ts";
import type { Tone } from "./status.ts";
import { isComponent, labelOf, plainTimes, timeText, valueText } from "./words.ts";

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
    detail: title === undefined ? "" : event.kind === "conflict" ? conflictText(event) : said,
    whileApart: event.whileApart === true,
  };
}

function conflictText(event: TimelineEvent): string {
  const { property = "", after, lost, lostAtMs, winner, deleted } = event;
  const value = valueText(property, after);
  const of = lostAtMs === undefined ? "" : ` of ${timeText(lostAtMs)}`;
  const [won, over] =
    winner === "device"
      ? [`the device's ${value}`, deleted ? "the deletion" : `the desired ${valueText(property, lost)}`]
      : [
          deleted ? `the deletion (${value} by default)` : `the desired ${value}`,
          `the device's ${valueText(property, lost)}`,
        ];
  return `both changed ${labelOf(property)}: ${won} won over ${over}${of}`;
}

/** What the device says of it itself; when it was set, only where that was not just now. */
function saidBy({ kind, ack, atMs }: TimelineEvent): string {
  const { source, atMs: setAtMs } = ack?.origin ?? {};
  const isNow = source === "device" && setAtMs !== undefined && Math.abs(setAtMs - atMs) < justNowMs;
  return kind === "reported" && isNow ? "" : plainTimes(ack?.text ?? "");
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
      // What a component holds stands in the twin; it is too long for a title.
      if (isComponent(event.after)) return `${label} changed`;
      if (event.after === "") return `${label}: none`;
      return event.property === "faults" ? `${label}: ${value}` : `${label} is ${value}`;
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

/** The device's own accounts change all the time and are nobody's edit. */
const accounts: readonly string[] = readOnlyNames.filter((name) => name !== "faults");

/** What belongs into a story of who changed what. */
export function isWorthTelling(event: TimelineEvent): boolean {
  const { kind, property } = event;
  if (kind !== "reported" || property === undefined) return true;
  return !accounts.includes(property) && !isIntroduction(event);
}

/** A device that tells for the first time what it is made of, or that there is nothing to tell, brings no news. */
const isIntroduction = ({ before, after }: TimelineEvent): boolean =>
  before === undefined && (after === null || after === "" || isComponent(after));

export interface Story {
  /** Newest first. */
  readonly views: readonly EventView[];
  readonly hasEarlier: boolean;
}

/**
 * What is worth telling of the newest, each in words.
 * @param events oldest first
 * @param most how many
 */
export function newestOf(events: readonly TimelineEvent[], most: number): Story {
  const worth = withoutSteps(events.filter(isWorthTelling));
  return { views: worth.slice(-most).reverse().map(eventView), hasEarlier: worth.length > most };
}
