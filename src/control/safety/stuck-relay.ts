/**
 * SR-06: does the room warm as if heated while the heater delivers less than the room needs?
 *
 * A welded contact adds power beyond the room's losses: after a duty of `load`, `1 − load` of the heater's power. Sun
 * and people must first compensate for `load` before the room warms at all: so the limit falls as the load rises.
 * The rise is measured above a reference that starts when recent heating no longer explains a rise (heater OFF, or
 * cycling at a low duty). The reference follows the room slowly, so that weather does not add up and a room may warm
 * from its walls after airing. The alarm is raised only while OFF; it survives a power cut, because a welded contact
 * does too, and ends when the room has cooled or a person clears it.
 *
 * A second heater of the same power has the same effect; so the alarm's text asks for one. A welded contact with less
 * than some 400 W of surplus is not detected in an ordinary room, since sun has the same effect; the cut-off (SR-04)
 * remains.
 */
import type { Millis } from "../../base/units.ts";
import { minutes } from "../../base/units.ts";

/** Well above the rise (K) that 500 W of sun cause in an ordinary room without need of heat. */
const idleLimit = 3.5;
/** Reduction of that limit at a load of 1 (K). */
const limitPerLoad = 4;
/** Minimum rise for an alarm (K): above the effects of people, drying walls and weather. */
const minLimit = 2;
/** Share of the heater's best rise: in a light room both sun and a welded contact cause more. */
const learntShare = 0.4;
const highestLoad = 0.7;
/** Averaging time of the load: longer than a warm-up, shorter than a change of weather. */
const loadTime = minutes(240);
/** The slowest oil radiator gives off its stored heat with this time constant. */
const residualTime = minutes(25);
/** A residual above the load by this share explains any rise; the ripple of cycles is smaller. */
const explainingSurplus = 0.1;
/** Stored heat below this share of full power no longer warms a room by kelvins. */
const negligibleResidual = 0.135;
const minOffTime = minutes(15);
/** Time constants of the reference: downwards when the room cools, upwards with the weather. */
const followDown = minutes(60);
const followUp = minutes(180);
/** The alarm ends when the room has fallen by this share of the rise, at least by `leastFall` (K). */
const endShare = 0.5;
const minFall = 0.5;
/** And stays there for so long, since an opened window cools the room too. */
const cooledTime = minutes(45);

export interface RelayWatch {
  /** Decaying averages of the command, 0 to 1. `weight` is the share of `loadTime` observed so far. */
  readonly given: number;
  readonly weight: number;
  /** Maximum stored heat that a slow radiator still emits, as a share of full power. */
  readonly residual: number;
  readonly seenAt: Millis;
  readonly offSince: Millis | undefined;
  /** Highest plausible room temperature with an open contact (°C). */
  readonly reference: number | undefined;
  /** Present while the contact is assumed to be welded. */
  readonly alarm: RelayAlarm | undefined;
}

/** What survives a restart. */
export interface StoredRelayAlarm {
  /** Level before the rise, towards which the room must cool (°C, uncalibrated like every level here). */
  readonly from: number;
  /** Highest level since (°C). */
  readonly peak: number;
}

export interface RelayAlarm extends StoredRelayAlarm {
  /** Since when the room has cooled. */
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

/** A person has checked the relay. If the contact is still welded, it is detected again from the current level. */
export const clearRelayAlarm = (watch: RelayWatch): RelayWatch =>
  watch.alarm ? { ...watch, reference: undefined, alarm: undefined } : watch;

export interface RelayWatchInput {
  /** As commanded. */
  readonly heaterOn: boolean;
  /** The room's level now and ten minutes ago (°C); `undefined` when the trend is too short. */
  readonly level: number | undefined;
  readonly levelBefore: number | undefined;
  /** Best rise by heat within 55 min (K). */
  readonly learntRise: number | undefined;
  readonly now: Millis;
}

/** Call it once for every completed minute of the trend. */
export function watchRelay(before: RelayWatch, input: RelayWatchInput): RelayWatch {
  const watch = updateLoad(before, input.heaterOn, input.now);
  const { level } = input;
  if (level === undefined) return watch;
  if (watch.alarm) return awaitCooling(watch, watch.alarm, level);
  const reference = followRoom(watch, level, input.now - before.seenAt);
  const alarm = isStuck(watch, reference, input)
    ? { from: reference, peak: level, cooledSince: undefined }
    : undefined;
  return { ...watch, reference, alarm };
}

function updateLoad(before: RelayWatch, heaterOn: boolean, now: Millis): RelayWatch {
  // Without readings for longer, the heater was OFF (SR-02).
  const elapsed = heaterOn ? Math.min(now - before.seenAt, minutes(1)) : now - before.seenAt;
  const share = heaterOn ? 1 : 0;
  return {
    given: approach(before.given, share, elapsed / loadTime),
    weight: approach(before.weight, 1, elapsed / loadTime),
    residual: approach(before.residual, share, elapsed / residualTime),
    seenAt: now,
    offSince: heaterOn ? undefined : (before.offSince ?? now),
    reference: before.reference,
    alarm: before.alarm,
  };
}

/** Recent duty, 0 to 1: the room's heat loss as a share of the heater's power. */
export const loadOf = ({ given, weight }: RelayWatch): number => (weight > 0 ? given / weight : 0);

function followRoom(watch: RelayWatch, level: number, elapsed: number): number {
  const { reference, residual } = watch;
  if (reference === undefined || residual > loadOf(watch) + explainingSurplus) return level;
  return approach(reference, level, elapsed / (level < reference ? followDown : followUp));
}

function isStuck(watch: RelayWatch, reference: number, input: RelayWatchInput): boolean {
  const { level, levelBefore, now } = input;
  if (level === undefined || levelBefore === undefined || level <= levelBefore) return false;
  if (watch.offSince === undefined || now - watch.offSince < minOffTime) return false;
  return (
    watch.residual <= negligibleResidual && level - reference >= stuckLimit(loadOf(watch), input.learntRise)
  );
}

/** `from` stays constant during an alarm. */
function awaitCooling(watch: RelayWatch, alarm: RelayAlarm, level: number): RelayWatch {
  const { from } = alarm;
  const peak = Math.max(alarm.peak, level);
  if (peak - level < Math.max(minFall, endShare * (peak - from))) {
    return { ...watch, alarm: { from, peak, cooledSince: undefined } };
  }
  const cooledSince = alarm.cooledSince ?? watch.seenAt;
  if (watch.seenAt - cooledSince >= cooledTime) return { ...watch, reference: level, alarm: undefined };
  return { ...watch, alarm: { from, peak, cooledSince } };
}

/** The rise (K) that only the heater can cause. */
export function stuckLimit(load: number, learntRise = 0): number {
  const learntLimit = learntShare * learntRise * (1 - Math.min(highestLoad, load));
  return Math.max(minLimit, idleLimit - limitPerLoad * load, learntLimit);
}

const approach = (from: number, to: number, times: number): number =>
  to + (from - to) * Math.exp(-Math.max(0, times));
