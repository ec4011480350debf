/**
 * SR-05 and SR-06: does the heater warm the room, and does the room warm without it?
 *
 * Only switching shows the effect of the heater: with an undersized heater on a cold day the temperature falls as with a
 * defective one. So suspicion (an hour of heat, and falling) only starts a test (heat-test.ts): the heater pauses, and the room
 * must answer. A test without an answer raises `heating-ineffective`, or two of them where noise hides much. The reverse,
 * warming without heat, is in stuck-relay.ts; the rise that the heater can cause is learnt here for it.
 *
 * Guarantee: evaluated once a minute; after an answered test none for six hours, then for twelve.
 */
import { pauseAfter } from "../../base/backoff.ts";
import type { Millis } from "../../base/units.ts";
import { hours, millis, minutes } from "../../base/units.ts";
import type { HeatTest } from "./heat-test.ts";
import { isPaused, lastPause, pauseWithin, startHeatTest, stepHeatTest } from "./heat-test.ts";
import type { RelayWatch, StoredRelayAlarm } from "./stuck-relay.ts";
import { clearRelayAlarm, loadOf, startRelayWatch, watchRelay } from "./stuck-relay.ts";
import type { Trend } from "./trend.ts";
import { levelAgo, meanOf } from "./trend.ts";

/** SR-05: a fall of this much below the peak of the run starts a test (K); above noise and thermostat ripple. */
const testAfterFall = 0.5;
/** SR-05: and so many of the sensor's steps. */
const testAfterSteps = 1.2;
/** SR-05: a rise (K) while heated that proves that the heater works; and so many of the sensor's steps. */
const plainRise = 0.3;
const plainSteps = 0.75;
const maxFailedTests = 2;
/** SR-05: shares of the recent time for which the heater is on: from the first heat is claimed, below the second not. */
const claimShare = 0.75;
const claimEnds = 0.5;
const claimLapses = 0.02;
/** SR-05: after the fault, a plain rise within so many minutes proves it, with the heater on for this share of the time. */
const promptMinutes = 15;
const repairedShare = 0.2;
/** SR-05: a peak of so long ago belongs to other weather. */
const peakLasts = hours(3);
/**
 * SR-05: a change of this much within five minutes (K) makes a pause of the minimum off time too expensive: the air falls
 * by a kelvin before the sensor shows it. Such a room is tested only after a fall as steep as that without heat.
 */
const quickRoom = 0.6;
const quickSteps = 1.6;
const steepFall = 1.8;
const steepShare = 0.25;
const plainAdded = 0.3;
const missedRise = 1.5;
/** SR-05: rest after the first test that was answered; it doubles with each, up to the longest. */
const testRest = hours(6);
const longestRest = hours(12);

/** Rises are learnt over this time, in minutes: then a radiator delivers nearly its full effect. */
const learnMinutes = 55;
/** Time constant of a room's air against its walls, in minutes (ISO 13790 medium class, 0.45 h). */
const airMinutes = 27;
/** Upper limit (K), within what `parseDurable` accepts. */
const highestRise = 60;
const quickMinutes = 3;
/** A rise (K) in that time which neither the closing of a window nor sun causes. */
const plainQuickRise = 0.6;
/** The learnt rise decays, since rooms change: per minute, to a third in half a year. A law that modulates rarely shows it. */
const decay = Math.exp(-1 / (180 * 24 * 60));

export interface HeatEffectState {
  readonly on: boolean;
  /** Start of the current run; a test does not interrupt it. */
  readonly since: Millis;
  /** Length of the run before. */
  readonly ranBefore: Millis;
  /** Five-minute level at the start of the run. */
  readonly first: number | undefined;
  /** Present while the heater is on for most of the time. */
  readonly claim: Claim | undefined;
  readonly test: HeatTest | undefined;
  readonly nextTestAt: Millis;
  /** Tests answered in a row. */
  readonly answers: number;
  /** The pause that the next test begins with, by its index. */
  readonly firstPause: number;
  /** Largest rise by the heater within five minutes (K), learnt gradually. */
  readonly quickRise: number;
  readonly failedTests: number;
  readonly ineffective: boolean;
  readonly relay: RelayWatch;
  /** Best rise by heat within 55 min (K); survives restarts. */
  readonly learntRise: number | undefined;
}

/** Heat is claimed: the room's five-minute levels since then. */
interface Claim {
  readonly peak: number;
  readonly peakAt: Millis;
  readonly trough: number;
  /** The room fell within an hour by more than weather explains. */
  readonly steep: boolean;
}

export interface StoredHeatEffect {
  readonly learntRise?: number | undefined;
  readonly relayAlarm?: StoredRelayAlarm | undefined;
}

export const startHeatEffect = (
  now: Millis,
  { learntRise, relayAlarm }: StoredHeatEffect = {},
): HeatEffectState => ({
  on: false,
  since: now,
  ranBefore: millis(0),
  first: undefined,
  claim: undefined,
  test: undefined,
  nextTestAt: now,
  answers: 0,
  firstPause: 0,
  quickRise: 0,
  failedTests: 0,
  ineffective: false,
  relay: startRelayWatch(now, relayAlarm),
  learntRise,
});

/** A person has checked the relay (SR-06). */
export const clearHeatEffect = (state: HeatEffectState): HeatEffectState =>
  state.relay.alarm ? { ...state, relay: clearRelayAlarm(state.relay) } : state;

/** The heater pauses for a test. */
export const isTesting = (state: HeatEffectState): boolean =>
  state.test !== undefined && isPaused(state.test);

export interface HeatEffectInput {
  readonly trend: Trend;
  /** As commanded. */
  readonly heaterOn: boolean;
  /** False when a pause would endanger the room (frost). */
  readonly mayPause: boolean;
  readonly ineffectiveAfter: Millis;
  readonly now: Millis;
}

/**
 * Call it after every decision; cheap when nothing changed.
 * @param keepTest heat is still requested and may pause
 */
export function followSwitch(
  state: HeatEffectState,
  heaterOn: boolean,
  keepTest: boolean,
  now: Millis,
): HeatEffectState {
  if (state.test) return keepTest ? state : startRun({ ...state, test: undefined }, heaterOn, now);
  return heaterOn === state.on ? state : startRun(state, heaterOn, now);
}

const startRun = (state: HeatEffectState, on: boolean, now: Millis): HeatEffectState => ({
  ...state,
  firstPause: on ? Math.max(state.firstPause, pauseWithin(millis(now - state.since))) : state.firstPause,
  on,
  since: now,
  ranBefore: millis(now - state.since),
  first: undefined,
});

/** Call it once per completed minute of the trend. */
export function stepHeatEffect(before: HeatEffectState, input: HeatEffectInput): HeatEffectState {
  const { heaterOn, now, trend } = input;
  const level = levelAgo(trend, 0);
  const levelBefore = levelAgo(trend, 10);
  const { learntRise, quickRise } = learnQuickly(before, input);
  const relay = watchRelay(before.relay, { heaterOn, level, levelBefore, learntRise, now });
  const seen: HeatEffectState = {
    on: before.on,
    since: before.since,
    ranBefore: before.ranBefore,
    first: before.first,
    claim: before.claim,
    test: before.test,
    nextTestAt: before.nextTestAt,
    answers: before.answers,
    firstPause: before.firstPause,
    quickRise,
    failedTests: before.failedTests,
    ineffective: before.ineffective,
    relay,
    learntRise,
  };
  const state = isRepaired(seen, trend) ? { ...seen, failedTests: 0, ineffective: false } : seen;
  if (level === undefined) return { ...state, test: undefined, claim: undefined };
  if (state.test) return continueTest(state, state.test, input);
  if (state.first === undefined) return { ...state, first: level };
  const claimed = followClaim(learn(state, level - state.first, now), level, input);
  return claimed.claim ? suspect(claimed, claimed.claim, level, input) : claimed;
}

/** The room rises promptly with heat, also before heat has been on for long enough to be claimed. */
function isRepaired({ ineffective, on, relay }: HeatEffectState, trend: Trend): boolean {
  if (!ineffective || !on || relay.residual < repairedShare) return false;
  const [level, before] = [levelAgo(trend, 0), levelAgo(trend, promptMinutes)];
  if (level === undefined || before === undefined) return false;
  return level - before >= Math.max(plainRise, plainSteps * (trend.quantum ?? 0));
}

/** Heat is claimed from when the heater is on for most of the time, and until it is on for a third of it. */
function followClaim(
  state: HeatEffectState,
  level: number,
  { now, trend }: HeatEffectInput,
): HeatEffectState {
  const { claim, relay } = state;
  const heated = relay.residual;
  if (claim === undefined) {
    if (!state.on || heated < claimShare) return state;
    return { ...state, claim: { peak: level, peakAt: now, trough: level, steep: false } };
  }
  // The test itself takes heat away.
  const ends = state.failedTests > 0 ? claimLapses : claimEnds;
  if (heated < ends) return { ...state, claim: undefined };
  const rise = Math.max(plainRise, plainSteps * (trend.quantum ?? 0));
  if (level - claim.trough >= rise) {
    const fresh = { ...claim, peak: level, peakAt: now, trough: level, steep: false };
    return { ...state, claim: fresh, failedTests: 0, ineffective: false };
  }
  if (now - claim.peakAt > peakLasts && level > claim.peak - testAfterFall) {
    return { ...state, claim: { ...claim, peak: level, peakAt: now, trough: level } };
  }
  const trough = Math.min(level, claim.trough);
  const steep = claim.steep || fellSteeply(state, level, trend) || missesRise(state, claim, level);
  if (level <= claim.peak) return { ...state, claim: { ...claim, trough, steep } };
  return { ...state, claim: { ...claim, peak: level, peakAt: now, trough, steep } };
}

/** Within an hour, weather changes a room by less than the end of heat changes a light room. */
function fellSteeply({ learntRise = 0 }: HeatEffectState, level: number, { means }: Trend): boolean {
  const first = means[0];
  return first !== undefined && first - level >= Math.max(steepFall, steepShare * learntRise);
}

/** The heater is on for much more of the time than before, and the room falls where it should rise. */
function missesRise({ relay, learntRise = 0 }: HeatEffectState, { peak }: Claim, level: number): boolean {
  const added = relay.residual - loadOf(relay);
  return added >= plainAdded && added * learntRise >= missedRise && peak - level >= testAfterFall;
}

/** An hour of heat, and the room falls: only a test can tell why. */
function suspect(
  state: HeatEffectState,
  claim: Claim,
  level: number,
  input: HeatEffectInput,
): HeatEffectState {
  const { now, trend } = input;
  const { quantum } = trend;
  if (quantum === undefined || now < state.nextTestAt || state.relay.residual < claimShare) return state;
  if (level - claim.trough > plainRise / 2) return state;
  if (state.quickRise >= quickRoom && !claim.steep) return state;
  // The heater was on for half an hour before heat was claimed.
  const minimumWait = Math.max(minutes(15), input.ineffectiveAfter - minutes(35));
  if (now - claim.peakAt < minimumWait) return state;
  if (claim.peak - level < Math.max(testAfterFall, testAfterSteps * quantum)) return state;
  if (!input.mayPause) return failTest(state, input);
  const test = startHeatTest(trend, state.firstPause, now);
  return test ? { ...state, test } : state;
}

function continueTest(state: HeatEffectState, running: HeatTest, input: HeatEffectInput): HeatEffectState {
  const { test, result } = stepHeatTest(running, input.trend, input.now);
  if (result === "open") return { ...state, test };
  const ended: HeatEffectState = { ...state, test: undefined, claim: undefined };
  if (result === "unclear") return failTest({ ...ended, claim: state.claim }, input);
  if (result === "unanswered") return failTest({ ...ended, failedTests: maxFailedTests - 1 }, input);
  return {
    ...startRun(ended, input.heaterOn, input.now),
    failedTests: 0,
    ineffective: false,
    answers: state.answers + 1,
    firstPause: Math.max(0, test.stage - 1),
    // A room that answers the shortest pause is too quick for another.
    quickRise: test.stage === 0 ? Math.max(2 * quickRoom, state.quickRise) : state.quickRise,
    nextTestAt: millis(input.now + pauseAfter(state.answers, { first: testRest, longest: longestRest })),
  };
}

function failTest(state: HeatEffectState, input: HeatEffectInput): HeatEffectState {
  const unanswered = Math.min(maxFailedTests, state.failedTests + 1);
  return {
    ...state,
    answers: 0,
    firstPause: lastPause,
    failedTests: unanswered,
    ineffective: unanswered >= maxFailedTests,
    nextTestAt: millis(input.now + minutes(5)),
  };
}

/** Extrapolates the rise of a shorter run exponentially, as a room's air warms. */
function learn(state: HeatEffectState, rise: number, now: Millis): HeatEffectState {
  const ran = (now - state.since) / 60_000;
  if (ran < 8 || ran > learnMinutes || rise < 0.5) return state;
  const whole = wholeRise(rise, ran);
  return whole > (state.learntRise ?? 0) ? { ...state, learntRise: whole } : state;
}

function wholeRise(rise: number, ran: number): number {
  const whole = (rise * (1 - Math.exp(-learnMinutes / airMinutes))) / (1 - Math.exp(-ran / airMinutes));
  return Math.min(highestRise, whole);
}

/**
 * A light room never has a long run, but shows the effect of the heater within minutes, also just after a run. Learnt
 * gradually, so that a finger on the sensor does not count.
 */
function learnQuickly(
  state: HeatEffectState,
  { trend, now }: HeatEffectInput,
): Pick<HeatEffectState, "learntRise" | "quickRise"> {
  const { learntRise = 0 } = state;
  const { means } = trend;
  const [last, before] = [means.at(-1), means.at(-1 - quickMinutes)];
  const ran = now - state.since;
  const heated = state.on ? ran : ran < minutes(quickMinutes) ? state.ranBefore : 0;
  const rise = heated > 0 && last !== undefined && before !== undefined ? last - before : 0;
  const heatedMinutes = Math.min(quickMinutes, Math.max(1, heated / minutes(1)));
  const quickRise = learnQuickRise(state, trend, heated > 0);
  if (rise < plainQuickRise)
    return { learntRise: learntRise > 0 ? learntRise * decay : undefined, quickRise };
  return {
    learntRise: learntRise + Math.max(0, wholeRise(rise, heatedMinutes) - learntRise) / 4,
    quickRise,
  };
}

/** The largest rise within five minutes of heat, likewise. */
function learnQuickRise({ quickRise }: HeatEffectState, trend: Trend, heated: boolean): number {
  const [now, before] = [meanOf(trend, 2, 0), meanOf(trend, 2, 5)];
  const rise = heated && now !== undefined && before !== undefined ? now - before : 0;
  return rise < Math.max(plainQuickRise, quickSteps * (trend.quantum ?? 0))
    ? quickRise * decay
    : quickRise * decay + Math.max(0, rise - quickRise) / 4;
}
