/**
 * SR-05 and SR-06: does the room answer to the heater, and does it warm without one?
 *
 * What heat does to a room is known from switching alone: an undersized heater on a cold day and a dead one both
 * leave a falling temperature. So suspicion (an hour of unbroken heat, and falling) only starts a test: the heater
 * pauses for 25 minutes, and the slope must break downwards. Two unanswered tests raise `heating-ineffective`.
 * The reverse, warming while OFF, is measured against the best that this heater has done in this room, so that
 * neither sun nor people warming the room modestly count.
 *
 * Guarantee: evaluated once a minute; heat is paused by it for 25 minutes in an hour at the most, and after an
 * answered test not again for six hours.
 */
import type { Millis } from "../units.ts";
import { hours, millis, minutes } from "../units.ts";
import type { Trend } from "./trend.ts";
import { levelAgo } from "./trend.ts";

/** SR-05: a fall of this much below the best of the run raises suspicion (K); beyond noise and thermostat ripple. */
const suspiciousFall = 0.5;
/** SR-05: 600 W behind a radiator of 1500 s and a sensor of 600 s still bend the curve by 0.3 K in this time. */
const testMinutes = 25;
/** SR-05: how far below the line drawn on from before the test the temperature must end (K). */
const answer = 0.12;
/** SR-05: a rise that no cold room makes by itself (K), while ON: the heater works. */
const plainRise = 0.3;
const unansweredTests = 2;
const testRest = hours(6);

/** SR-06: a radiator's stored heat is spent within the hour over which the rise is measured. */
const watchMinutes = 55;
/** SR-06: the limit (K) without anything learnt: 4 K are 650 W into the reference room. */
const unlearntLimit = 4;
/** SR-06: share of the learnt rise, and its floor (K). 300 W of sun against a 1 kW heater stays below. */
const stuckShare = 0.5;
const stuckFloor = 1.2;
/** SR-06: the share of the recent duty that counts at most: overshoot after a cold start is no proof. */
const highestLoad = 0.7;
/** SR-06: what "recent" is for the duty, in minutes. */
const loadMinutes = 240;
/** SR-06: cooling by this much (K) while OFF shows that the heater is off. */
const plainFall = 0.5;
/** Time constant of a room's air against its walls, in minutes (ISO 13790 medium class, 0.45 h). */
const airMinutes = 27;

export interface HeatEffectState {
  readonly on: boolean;
  /** Begin of the unbroken run of the present command; a test does not break it. */
  readonly since: Millis;
  /** Five-minute levels of the run. */
  readonly first: number | undefined;
  /** Recent share of time ON, 0 to 1: what the room loses, in units of this heater. */
  readonly load: number;
  readonly peak: number;
  readonly peakAt: Millis;
  readonly trough: number;
  readonly test: { readonly startedAt: Millis; readonly expected: number } | undefined;
  readonly nextTestAt: Millis;
  readonly unanswered: number;
  readonly ineffective: boolean;
  readonly stuckOn: boolean;
  /** Best rise by heat within the watch (K); survives restarts. */
  readonly learntRise: number | undefined;
}

export const startHeatEffect = (now: Millis, learntRise: number | undefined): HeatEffectState => ({
  on: false,
  since: now,
  first: undefined,
  load: 0,
  peak: 0,
  peakAt: now,
  trough: 0,
  test: undefined,
  nextTestAt: now,
  unanswered: 0,
  ineffective: false,
  stuckOn: false,
  learntRise,
});

/** The heater is to pause for a test. */
export const isTesting = (state: HeatEffectState): boolean => state.test !== undefined;

export interface HeatEffectInput {
  readonly trend: Trend;
  /** As commanded. */
  readonly heaterOn: boolean;
  /** Pausing would endanger the room (frost). */
  readonly mayPause: boolean;
  readonly ineffectiveAfter: Millis;
  readonly now: Millis;
}

/**
 * Call it after every decision; cheap when nothing changed.
 * @param keepTest heat is still wished for, and nothing speaks against pausing it
 */
export function noteSwitch(
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
  on,
  since: now,
  first: undefined,
});

/** Call it once for every completed minute of the trend. */
export function stepHeatEffect(before: HeatEffectState, input: HeatEffectInput): HeatEffectState {
  const { now } = input;
  const load = before.load + ((input.heaterOn ? 1 : 0) - before.load) / loadMinutes;
  const state = { ...before, load };
  const level = levelAgo(input.trend, 0);
  if (level === undefined) return state.test ? { ...state, test: undefined } : state;
  if (state.test) return now >= testEnd(state.test.startedAt) ? endTest(state, level, input) : state;
  if (state.first === undefined) {
    return { ...state, first: level, peak: level, peakAt: now, trough: level };
  }
  const higher = level > state.peak;
  const run: HeatEffectState = {
    ...state,
    peak: higher ? level : state.peak,
    peakAt: higher ? now : state.peakAt,
    trough: Math.min(level, state.trough),
  };
  return state.on ? whileOn(run, level, state.first, input) : whileOff(run, level, input);
}

const testEnd = (startedAt: Millis): Millis => millis(startedAt + minutes(testMinutes));

function whileOn(
  state: HeatEffectState,
  level: number,
  first: number,
  input: HeatEffectInput,
): HeatEffectState {
  const { now, ineffectiveAfter } = input;
  const learnt = learn(state, level - first, now);
  if (level - learnt.trough >= plainRise) return { ...learnt, unanswered: 0, ineffective: false };
  const long = now - state.since >= ineffectiveAfter && now - learnt.peakAt >= ineffectiveAfter;
  const before = levelAgo(input.trend, 20);
  const falling = before !== undefined && level < before;
  if (!long || !falling || learnt.peak - level < suspiciousFall || now < learnt.nextTestAt) return learnt;
  if (!input.mayPause) return unansweredTest(learnt, input);
  const expected = level + ((level - before) / 20) * testMinutes;
  return { ...learnt, test: { startedAt: now, expected } };
}

function endTest(state: HeatEffectState, level: number, input: HeatEffectInput): HeatEffectState {
  const expected = state.test?.expected ?? level;
  const ended = { ...state, test: undefined };
  if (level - expected > -answer) return unansweredTest(ended, input);
  return {
    ...startRun(ended, input.heaterOn, input.now),
    unanswered: 0,
    ineffective: false,
    nextTestAt: millis(input.now + testRest),
  };
}

function unansweredTest(state: HeatEffectState, input: HeatEffectInput): HeatEffectState {
  const unanswered = Math.min(unansweredTests, state.unanswered + 1);
  return {
    ...state,
    unanswered,
    ineffective: unanswered >= unansweredTests,
    nextTestAt: millis(input.now + input.ineffectiveAfter),
  };
}

/** The rise of a shorter run is drawn on to the whole watch as a room's air warms: exponentially. */
function learn(state: HeatEffectState, rise: number, now: Millis): HeatEffectState {
  const ran = (now - state.since) / 60_000;
  if (ran < 8 || ran > watchMinutes || rise < 0.5) return state;
  const whole = (rise * (1 - Math.exp(-watchMinutes / airMinutes))) / (1 - Math.exp(-ran / airMinutes));
  return whole > (state.learntRise ?? 0) ? { ...state, learntRise: whole } : state;
}

function whileOff(state: HeatEffectState, level: number, input: HeatEffectInput): HeatEffectState {
  if (state.stuckOn) return state.peak - level >= plainFall ? { ...state, stuckOn: false } : state;
  const hourAgo = levelAgo(input.trend, watchMinutes);
  const before = levelAgo(input.trend, 10);
  const watched = input.now - state.since >= minutes(watchMinutes + 5);
  if (!watched || hourAgo === undefined || before === undefined) return state;
  // A room that was losing d of the heater's power warms by the other 1 − d only when the contact sticks; sun would
  // have to make good for d first.
  const learntLimit = state.learntRise === undefined ? unlearntLimit : stuckShare * state.learntRise;
  const limit = Math.max(stuckFloor, learntLimit * (1 - Math.min(highestLoad, state.load)));
  return level - hourAgo >= limit && level > before ? { ...state, stuckOn: true } : state;
}
