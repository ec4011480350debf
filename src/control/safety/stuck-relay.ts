/**
 * SR-06: does the room warm as if heated while the heater gives less than the room needs?
 *
 * A welded contact adds what the room was not losing anyway: after a duty of `load`, `1 − load` of the heater's power.
 * Sun and people have to make good for `load` first, before the room warms at all: the limit falls as the load rises.
 * The rise is counted above a reference that starts where the heat on record no longer explains a rise, be the heater
 * OFF or still cycling at a low duty, and that follows the room slowly, so that the weather of a day does not add up and
 * a room that was aired may warm from its walls again. The alarm itself is raised in a run of OFF alone; it outlives a
 * power cut, because a contact that welded does not open by one, and ends when the room has cooled or a person says so.
 *
 * A second heater of the same power looks the same to a thermometer; so the alarm's text asks for it. Not seen is a
 * contact whose surplus is below some 400 W in an ordinary room, as sun does that too: the cut-off (SR-04) is left.
 */
import type { Millis } from "../../base/units.ts";
import { minutes } from "../../base/units.ts";

/** The rise (K) that 500 W of sun stays well below in an ordinary room without need of heat. */
const idleLimit = 3.5;
/** What a load of 1 would take off it (K). */
const limitPerLoad = 4;
/** Below it (K) nothing is an alarm: people, drying walls, weather. */
const lowestLimit = 2;
/** Of the best rise that the heater made: in a light room sun does more, and so does a weld. */
const learntShare = 0.4;
const highestLoad = 0.7;
/** What "before" is for the load: longer than a warm-up, shorter than a change of weather. */
const loadTime = minutes(240);
/** The slowest oil radiator gives off its stored heat with this time constant. */
const residualTime = minutes(25);
/** Heat above the load by this share explains any rise; the ripple of cycles stays below. */
const explainingSurplus = 0.1;
/** Stored heat below this share of full power no longer warms a room by kelvins. */
const residualSpent = 0.15;
const shortestRun = minutes(15);
/** How fast the reference follows: downwards a room that cools, upwards the weather. */
const followDown = minutes(60);
const followUp = minutes(180);
/** The alarm ends when this share of the rise, and no less than this (K), is gone again: the heater is off. */
const endShare = 0.5;
const leastFall = 0.5;
/** For so long: an opened window cools the room too. */
const cooledTime = minutes(45);

export interface RelayWatch {
  /** Decaying averages of the command, 0 to 1. `weight` is how much of `loadTime` has been seen. */
  readonly given: number;
  readonly weight: number;
  /** What a slow radiator still gives off at most, as a share of full power. */
  readonly residual: number;
  readonly seenAt: Millis;
  readonly offSince: Millis | undefined;
  /** Where the room would be at most with the contact open (°C). */
  readonly reference: number | undefined;
  /** Stands while the contact is held to be welded. */
  readonly alarm: RelayAlarm | undefined;
}

/** What survives a restart. */
export interface StoredRelayAlarm {
  /** What the room rose from: it has to come back towards it (°C, before calibration, like every level here). */
  readonly from: number;
  /** Highest level since (°C). */
  readonly peak: number;
}

export interface RelayAlarm extends StoredRelayAlarm {
  /** Since when the rise has been gone. */
  readonly cooledSince: Millis | undefined;
}

export const startRelayWatch = (now: Millis, stored?: StoredRelayAlarm): RelayWatch => ({
  given: 0,
  weight: 0,
  residual: 0,
  seenAt: now,
  offSince: undefined,
  reference: undefined,
  alarm: stored && { ...stored, cooledSince: undefined },
});

/** A person has looked. A contact that is welded all the same is found again, from today's level on. */
export const clearRelayAlarm = (watch: RelayWatch): RelayWatch =>
  watch.alarm ? { ...watch, reference: undefined, alarm: undefined } : watch;

export interface RelayWatchInput {
  /** As commanded. */
  readonly heaterOn: boolean;
  /** The room's level now and ten minutes ago (°C); `undefined` when the record is too short. */
  readonly level: number | undefined;
  readonly levelBefore: number | undefined;
  /** Best rise by heat within 55 min (K). */
  readonly learntRise: number | undefined;
  readonly now: Millis;
}

/** Call it once for every completed minute of the trend. */
export function watchRelay(before: RelayWatch, input: RelayWatchInput): RelayWatch {
  const watch = account(before, input.heaterOn, input.now);
  const { level } = input;
  if (level === undefined) return watch;
  if (watch.alarm) return awaitCooling(watch, watch.alarm, level);
  const reference = follow(watch, level, input.now - before.seenAt);
  const alarm = isStuck(watch, reference, input)
    ? { from: reference, peak: level, cooledSince: undefined }
    : undefined;
  return { ...watch, reference, alarm };
}

function account(before: RelayWatch, heaterOn: boolean, now: Millis): RelayWatch {
  // A longer silence was one without heat (SR-02).
  const elapsed = heaterOn ? Math.min(now - before.seenAt, minutes(1)) : now - before.seenAt;
  const share = heaterOn ? 1 : 0;
  return {
    ...before,
    given: approach(before.given, share, elapsed / loadTime),
    weight: approach(before.weight, 1, elapsed / loadTime),
    residual: approach(before.residual, share, elapsed / residualTime),
    seenAt: now,
    offSince: heaterOn ? undefined : (before.offSince ?? now),
  };
}

/** Recent share of time ON, 0 to 1: what the room loses, in units of this heater. */
const loadOf = ({ given, weight }: RelayWatch): number => (weight > 0 ? given / weight : 0);

function follow(watch: RelayWatch, level: number, elapsed: number): number {
  const { reference, residual } = watch;
  if (reference === undefined || residual > loadOf(watch) + explainingSurplus) return level;
  return approach(reference, level, elapsed / (level < reference ? followDown : followUp));
}

function isStuck(watch: RelayWatch, reference: number, input: RelayWatchInput): boolean {
  const { level, levelBefore, now } = input;
  if (level === undefined || levelBefore === undefined || level <= levelBefore) return false;
  if (watch.offSince === undefined || now - watch.offSince < shortestRun) return false;
  return watch.residual <= residualSpent && level - reference >= stuckLimit(loadOf(watch), input.learntRise);
}

/** What it rose from stands still meanwhile: the room has to come back to it. */
function awaitCooling(watch: RelayWatch, alarm: RelayAlarm, level: number): RelayWatch {
  const { from } = alarm;
  const peak = Math.max(alarm.peak, level);
  if (peak - level < Math.max(leastFall, endShare * (peak - from))) {
    return { ...watch, alarm: { from, peak, cooledSince: undefined } };
  }
  const cooledSince = alarm.cooledSince ?? watch.seenAt;
  if (watch.seenAt - cooledSince >= cooledTime) return { ...watch, reference: level, alarm: undefined };
  return { ...watch, alarm: { from, peak, cooledSince } };
}

/** The rise (K) from which on it must be the heater. */
export function stuckLimit(load: number, learntRise = 0): number {
  const learntLimit = learntShare * learntRise * (1 - Math.min(highestLoad, load));
  return Math.max(lowestLimit, idleLimit - limitPerLoad * load, learntLimit);
}

const approach = (from: number, to: number, times: number): number =>
  to + (from - to) * Math.exp(-Math.max(0, times));
