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
 * A second, slow criterion finds a weld in a heavy room: since the command to open, hours of the day and of the night, the
 * room is as warm as half of the heater's surplus makes it, and does not cool. Sun and stoves end before.
 *
 * A weld happens as the contact closes or opens. So what speaks against it: the room fell after the command to open, or
 * warms faster than this heater can. Who was seen to warm the room beside the heater is not taken for it again.
 *
 * A second heater of the same power has the same effect; so the alarm's text asks for one. A welded contact with less
 * than some 400 W of surplus is not detected in an ordinary room, since sun has the same effect; the cut-off (SR-04)
 * remains.
 */
import type { Millis } from "../../base/units.ts";
import { millis, minutes } from "../../base/units.ts";

/** Well above the rise (K) that 500 W of sun cause in an ordinary room without need of heat. */
const idleLimit = 3.5;
/** Reduction of that limit at a load of 1 (K). */
const limitPerLoad = 4;
/** Minimum rise for an alarm (K): above the effects of people, drying walls and weather. */
const minLimit = 2;
/** Share of the heater's best rise: in a light room both sun and a welded contact cause more. */
const learntShare = 0.6;
const highestLoad = 0.7;
/** Averaging time of the load: longer than a warm-up, shorter than a change of weather. */
const loadTime = minutes(240);
/** The slowest oil radiator gives off its stored heat with this time constant. */
const residualTime = minutes(25);
/** A residual above the load by this share explains any rise; the ripple of cycles is smaller. */
const explainingSurplus = 0.1;
/** Stored heat below this share of full power no longer warms a room by kelvins. */
const negligibleResidual = 0.15;
const minOffTime = minutes(15);
/** Slow criterion: the share of the heater's surplus, and the least rise (K), that the room must hold. */
const heldShare = 0.5;
const minHeld = 0.6;
/** The rise without knowledge of the heater (K). */
const unknownHeld = 1.5;
/** Longer than sun, a stove or an evening with guests, and shorter than a night. */
const heldTime = minutes(510);
/** When the rise came late, or after the room fell: longer than a summer's day. */
const heldTimeLate = minutes(840);
const lateAfter = minutes(150);
/** Fast criterion: the rise must have come within this time. */
const promptly = minutes(80);
/** Below this load the sun of a warm day does as much as the heater. */
const mildLoad = 0.1;
/** The room may lose this share of its rise from the peak, and so much besides (K). */
const heldLoss = 0.15;
const heldSlack = 0.15;
/** A fall (K) below the level at the command that proves that the contact opened. */
const openFall = 0.3;
/** A rise within the first hour of this share of the heater's best is not the heater's. */
const tooFast = 1.4;
const othersAfter = minutes(60);
/** For so long another source of heat, once seen, is expected again. */
const othersLast = minutes(60 * 24 * 60);
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
  /** What the room did since the command to open. */
  readonly open: OpenPeriod | undefined;
  /** Until then the fast criterion would accuse the heater of what sun or a stove does here. */
  readonly othersUntil: Millis;
  /** Present while the contact is assumed to be welded. */
  readonly alarm: RelayAlarm | undefined;
}

/** Levels in °C, from the command to open to the next command to close. */
interface OpenPeriod {
  readonly since: Millis;
  /** Load before it, 0 to 1. */
  readonly load: number;
  readonly from: number;
  readonly peak: number;
  /** Since when the room holds a rise as the heater causes it. */
  readonly heldSince: Millis | undefined;
  /** The room fell, or rises faster than by the heater: the contact is open. */
  readonly proven: boolean;
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
  open: undefined,
  othersUntil: now,
  alarm: stored && { ...stored, cooledSince: undefined },
});

/** A person has checked the relay. If the contact is still welded, it is detected again from the current level. */
export const clearRelayAlarm = (watch: RelayWatch): RelayWatch =>
  watch.alarm ? { ...watch, reference: undefined, open: undefined, alarm: undefined } : watch;

export interface RelayWatchInput {
  /** As commanded. */
  readonly heaterOn: boolean;
  /** The room's level now and ten minutes ago (°C); `undefined` when the trend is too short. */
  readonly level: number | undefined;
  readonly levelBefore: number | undefined;
  /** Best rise by heat within 55 min (K). */
  readonly learntRise: number | undefined;
  /** The sensor's steps (K), if known. */
  readonly quantum?: number | undefined;
  readonly now: Millis;
}

/** Call it once for every completed minute of the trend. */
export function watchRelay(before: RelayWatch, input: RelayWatchInput): RelayWatch {
  const watch = updateLoad(before, input.heaterOn, input.now);
  const { level } = input;
  if (level === undefined) return watch;
  if (watch.alarm) return awaitCooling(watch, watch.alarm, level);
  const reference = followRoom(watch, level, input.now - before.seenAt);
  const open = followOpen(watch, level, input);
  const fast = isStuck(watch, reference, input);
  // The same rise with the contact open is another source's.
  const others = open?.proven && fast ? millis(input.now + othersLast) : watch.othersUntil;
  const accused = fast && !open?.proven && isPrompt(open) && input.now >= watch.othersUntil;
  const from = accused ? reference : open && isHeld(open, level, input.now) ? open.from : undefined;
  const alarm = from === undefined ? undefined : { from, peak: level, cooledSince: undefined };
  return { ...watch, reference, open, othersUntil: others, alarm };
}

function followOpen(watch: RelayWatch, level: number, input: RelayWatchInput): OpenPeriod | undefined {
  const { now, learntRise, quantum = 0 } = input;
  if (input.heaterOn) return undefined;
  const before = watch.open;
  if (before === undefined) {
    const load = loadOf(watch);
    return { since: now, load, from: level, peak: level, heldSince: undefined, proven: false };
  }
  const { from, load } = before;
  const rise = level - from;
  const surplus = learntRise === undefined ? undefined : learntRise * (1 - load);
  const least = load < mildLoad ? idleLimit : surplus === undefined ? unknownHeld : minHeld;
  const needed = Math.max(least, heldShare * (surplus ?? 0)) + quantum;
  const fell = rise < -openFall - quantum;
  const young = now - before.since <= othersAfter;
  const fast = learntRise !== undefined && young && rise > tooFast * learntRise + minHeld + quantum;
  return {
    ...before,
    peak: Math.max(before.peak, level),
    heldSince: rise >= needed ? (before.heldSince ?? now) : undefined,
    proven: before.proven || fell || fast,
  };
}

/** The rise came with the command to open: what sun causes comes hours later. */
const isPrompt = (open: OpenPeriod | undefined): boolean =>
  open?.heldSince !== undefined && open.heldSince - open.since <= promptly;

/** The slow criterion. */
function isHeld({ since, heldSince, proven, peak, from }: OpenPeriod, level: number, now: Millis): boolean {
  if (heldSince === undefined) return false;
  const late = proven || heldSince - since > lateAfter;
  if (now - heldSince < (late ? heldTimeLate : heldTime)) return false;
  return peak - level <= heldLoss * (peak - from) + heldSlack;
}

function updateLoad(before: RelayWatch, heaterOn: boolean, now: Millis): RelayWatch {
  // Without readings for longer, the heater was OFF (SR-02).
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
  if (watch.seenAt - cooledSince >= cooledTime) {
    // A welded contact does not open by itself: it was another source, or the contact only sticks at times.
    return {
      ...watch,
      reference: level,
      open: undefined,
      othersUntil: millis(watch.seenAt + othersLast),
      alarm: undefined,
    };
  }
  return { ...watch, alarm: { from, peak, cooledSince } };
}

/** The rise (K) that only the heater can cause. */
export function stuckLimit(load: number, learntRise = 0): number {
  const learntLimit = learntShare * learntRise * (1 - Math.min(highestLoad, load));
  return Math.max(minLimit, idleLimit - limitPerLoad * load, learntLimit);
}

const approach = (from: number, to: number, times: number): number =>
  to + (from - to) * Math.exp(-Math.max(0, times));
