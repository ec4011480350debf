/** Texts of the timeline: who changed what, and who won. */
import { readOnlyNames } from "../../../model/cloud-model.ts";
import { isWeek } from "../../../model/week.ts";
import type { Actor, TimelineEvent } from "../../page-server/api.ts";
import type { IconName } from "./icon-paths.ts";
import type { Tone } from "./status.ts";
import { timeText } from "./text/times.ts";
import { isComponent, labelOf, plainText, valueText } from "./text/words.ts";

export interface EventView {
  readonly sequence: number;
  readonly atMs: number;
  readonly actor: Actor;
  readonly icon: IconName;
  readonly tone: Tone;
  readonly title: string;
  /** The hub's text, or the device's; may be empty. */
  readonly detail: string;
  readonly whileOffline: boolean;
}

/** Tolerance for clock difference and transmission. */
const justNowMs = 5_000;
/** Twice the slower repeat interval of a held key. */
const stepMs = 1_000;

const styles: Readonly<Record<TimelineEvent["kind"], readonly [IconName, Tone]>> = {
  desired: ["edit", "cloud"],
  reported: ["edit", "device"],
  acknowledged: ["check", "good"],
  refused: ["cross", "bad"],
  conflict: ["versus", "pending"],
  connected: ["link", "good"],
  disconnected: ["unplugged", "quiet"],
  rejected: ["key", "bad"],
  cable: ["plug", "quiet"],
  throttle: ["clock", "quiet"],
  command: ["command", "cloud"],
  "message-queued": ["queue", "cloud"],
  "message-delivered": ["check", "good"],
  "message-expired": ["cross", "bad"],
  event: ["fault", "device"],
  provisioned: ["key", "quiet"],
  registry: ["hub", "quiet"],
  story: ["restart", "cloud"],
};

export const actorNames: Readonly<Record<Actor, string>> = {
  operator: "Cloud",
  device: "Device",
  hub: "Hub",
  local: "Page or command",
};

export function eventView(event: TimelineEvent): EventView {
  const [icon, tone] = styles[event.kind] ?? ["hub", "quiet"];
  const title = titleOf(event);
  const text = deviceText(event);
  return {
    sequence: event.sequence,
    atMs: event.atMs,
    actor: event.actor,
    icon,
    tone,
    title: title ?? event.text.charAt(0).toUpperCase() + event.text.slice(1),
    detail: title === undefined ? "" : event.kind === "conflict" ? conflictText(event) : text,
    whileOffline: event.whileOffline === true,
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

/** The device's own text, without a change time that equals the event's. */
function deviceText({ kind, ack, atMs }: TimelineEvent): string {
  const { source, atMs: setAtMs } = ack?.origin ?? {};
  const isNow = source === "device" && setAtMs !== undefined && Math.abs(setAtMs - atMs) < justNowMs;
  return kind === "reported" && isNow ? "" : plainText(ack?.text ?? "");
}

/**
 * A held key causes a report at each step: only the last of such a run is shown.
 * @param events oldest first
 */
export const withoutSteps = (events: readonly TimelineEvent[]): readonly TimelineEvent[] =>
  events.filter((event, at) => {
    const next = events[at + 1];
    const continues = next?.kind === "reported" && next.property === event.property;
    return !(event.kind === "reported" && continues && next.atMs - event.atMs < stepMs);
  });

/** @returns `undefined` for an event that is not about a property: then the hub's text is shown */
function titleOf(event: TimelineEvent): string | undefined {
  if (event.property === undefined) return undefined;
  const label = labelOf(event.property);
  const value = valueText(event.property, event.after);
  const version = event.version === undefined ? "" : ` (v${event.version})`;
  switch (event.kind) {
    case "desired":
      return event.after === null ? `${label} deleted${version}` : `${label} set to ${value}${version}`;
    case "reported":
      // A component is too long for a title; the twin shows it.
      if (isComponent(event.after)) return `${label} changed`;
      if (event.after === "") return `${label}: none`;
      if (event.property === "faults") return `${label}: ${value}`;
      return isWeek(event.after) ? `${label} changed: ${value}` : `${label} is ${value}`;
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

/** Read-only properties change often, and nobody edits them. */
const unedited: readonly string[] = readOnlyNames.filter((name) => name !== "faults");

/** Whether the timeline shows an event. */
export function isShown(event: TimelineEvent): boolean {
  const { kind, property } = event;
  if (kind !== "reported" || property === undefined) return true;
  return !unedited.includes(property) && !isFirstReport(event);
}

/** The first report of a component, or of an empty value, is no change. */
const isFirstReport = ({ before, after }: TimelineEvent): boolean =>
  before === undefined && (after === null || after === "" || isComponent(after));

export interface NewestEvents {
  /** Newest first. */
  readonly views: readonly EventView[];
  readonly hasEarlier: boolean;
}

/**
 * The newest events to show.
 * @param events oldest first
 * @param max how many
 * @param whole also those of before the story began anew
 */
export function newestOf(events: readonly TimelineEvent[], max: number, whole = false): NewestEvents {
  const told = whole ? events : sinceStory(events);
  const shown = withoutSteps(told.filter(isShown));
  const hasEarlier = shown.length > max || told.length < events.length;
  return { views: shown.slice(-max).reverse().map(eventView), hasEarlier };
}

/** From where a demonstration began anew, or all. */
export const sinceStory = (events: readonly TimelineEvent[]): readonly TimelineEvent[] =>
  events.slice(
    Math.max(
      0,
      events.findLastIndex(({ kind }) => kind === "story"),
    ),
  );
