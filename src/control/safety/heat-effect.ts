/**
 * SR-05 and SR-06: does the room answer to the heater, and does it warm without one?
 *
 * What heat does to a room is known from switching alone: an undersized heater on a cold day and a dead one both
 * leave a falling temperature. So suspicion (an hour of unbroken heat, and falling) only starts a test: the heater
 * pauses for 25 minutes, and the slope must break downwards. Two unanswered tests raise `heating-ineffective`.
 * The reverse, warming without heat, is stuck-relay.ts; what the heater can do in this room is learnt here for it.
 *
 * Guarantee: evaluated once a minute; heat is paused by it for 25 minutes in an hour at the most, and after an
 * answered test not again for six hours.
 */
import type { Millis } from "../../base/units.ts";
import { hours, millis, minutes } from "../../base/units.ts";
import type { RelayWatch, StoredRelayAlarm } from "./stuck-relay.ts";
import { clearRelayAlarm, startRelayWatch, watchRelay } from "./stuck-relay.ts";
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

/** Rises are learnt over this time, in minutes: a radiator then gives nearly all that it can. */
const learnMinutes = 55;
/** Time constant of a room's air against its walls, in minutes (ISO 13790 medium class, 0.45 h). */
const airMinutes = 27;
/** No heater lifts a room further (K); it also keeps what is stored within what is accepted back. */
const highestRise = 60;
const quickMinutes = 3;
/** No window being shut and no sun warms a sensor this much (K) in that time. */
const plainQuickRise = 0.6;
/** What was learnt fades, as rooms change: every minute, to a third in thirty days. */
const fade = Math.exp(-1 / (30 * 24 * 60));

export interface HeatEffectState {
  readonly on: boolean;
  /** Begin of the unbroken run of the present command; a test does not break it. */
  readonly since: Millis;
  /** How long the run before it was. */
  readonly ranBefore: Millis;
  /** Five-minute levels of the run. */
  readonly first: number | undefined;
  readonly peak: number;
  readonly peakAt: Millis;
  readonly trough: number;
  readonly test: { readonly startedAt: Millis; readonly expected: number } | undefined;
  readonly nextTestAt: Millis;
  readonly unanswered: number;
  readonly ineffective: boolean;
  readonly relay: RelayWatch;
  /** Best rise by heat within 55 min (K); survives restarts. */
  readonly learntRise: number | undefined;
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
  peak: 0,
  peakAt: now,
  trough: 0,
  test: undefined,
  nextTestAt: now,
  unanswered: 0,
  ineffective: false,
  relay: startRelayWatch(now, relayAlarm),
  learntRise,
});

/** A person has looked at the relay (SR-06). */
export const clearHeatEffect = (state: HeatEffectState): HeatEffectState =>
  state.relay.alarm ? { ...state, relay: clearRelayAlarm(state.relay) } : state;

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
  ranBefore: millis(now - state.since),
  first: undefined,
});

/** Call it once for every completed minute of the trend. */
export function stepHeatEffect(before: HeatEffectState, input: HeatEffectInput): HeatEffectState {
  const { now } = input;
  const level = levelAgo(input.trend, 0);
  const levelBefore = levelAgo(input.trend, 10);
  const { heaterOn } = input;
  const learntRise = learnQuickly(before, input);
  const relay = watchRelay(before.relay, { heaterOn, level, levelBefore, learntRise, now });
  const state = { ...before, relay, learntRise };
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
  return state.on ? whileOn(run, level, state.first, input) : run;
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

/** The rise of a shorter run is drawn on to the whole time as a room's air warms: exponentially. */
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
 * A light room never sees a long run: it shows in a few minutes what the heater can do, also just after one. Step by
 * step, so that one warm finger on the sensor is not believed.
 */
function learnQuickly(state: HeatEffectState, { trend, now }: HeatEffectInput): number | undefined {
  const { learntRise = 0 } = state;
  const { means } = trend;
  const [last, before] = [means.at(-1), means.at(-1 - quickMinutes)];
  const ran = now - state.since;
  const heated = state.on ? ran : ran < minutes(quickMinutes) ? state.ranBefore : 0;
  const rise = heated > 0 && last !== undefined && before !== undefined ? last - before : 0;
  const heatedMinutes = Math.min(quickMinutes, Math.max(1, heated / minutes(1)));
  if (rise < plainQuickRise) return learntRise > 0 ? learntRise * fade : undefined;
  return learntRise + Math.max(0, wholeRise(rise, heatedMinutes) - learntRise) / 4;
}
