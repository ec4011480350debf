/**
 * SR-05 and SR-06: does the heater warm the room, and does the room warm without it?
 *
 * Only switching shows the effect of the heater: with an undersized heater on a cold day the temperature falls as with a
 * defective one. So suspicion (an hour of continuous heating, and falling) only starts a test: the heater pauses for 25
 * minutes, and the slope must bend downwards. Two tests without an effect raise `heating-ineffective`. The reverse,
 * warming without heat, is in stuck-relay.ts; the rise that the heater can cause is learnt here for it.
 *
 * Guarantee: evaluated once a minute; tests pause heating for at most 25 minutes in an hour, and after a successful test
 * not again for six hours.
 */
import type { Millis } from "../../base/units.ts";
import { hours, millis, minutes } from "../../base/units.ts";
import type { RelayWatch, StoredRelayAlarm } from "./stuck-relay.ts";
import { clearRelayAlarm, startRelayWatch, watchRelay } from "./stuck-relay.ts";
import type { Trend } from "./trend.ts";
import { levelAgo } from "./trend.ts";

/** SR-05: a fall of this much below the peak of the run starts a test (K); above noise and thermostat ripple. */
const testAfterFall = 0.5;
/** SR-05: 600 W behind a radiator of 1500 s and a sensor of 600 s still bend the curve by 0.3 K in this time. */
const testMinutes = 25;
/** SR-05: how far below the line extrapolated from before the test the temperature must end (K). */
const testEffect = 0.12;
/** SR-05: a rise (K) while ON that proves that the heater works. */
const plainRise = 0.3;
const maxFailedTests = 2;
const testRest = hours(6);

/** Rises are learnt over this time, in minutes: then a radiator delivers nearly its full effect. */
const learnMinutes = 55;
/** Time constant of a room's air against its walls, in minutes (ISO 13790 medium class, 0.45 h). */
const airMinutes = 27;
/** Upper limit (K), within what `parseDurable` accepts. */
const highestRise = 60;
const quickMinutes = 3;
/** A rise (K) in that time which neither the closing of a window nor sun causes. */
const plainQuickRise = 0.6;
/** The learnt rise decays, since rooms change: per minute, to a third in thirty days. */
const decay = Math.exp(-1 / (30 * 24 * 60));

export interface HeatEffectState {
  readonly on: boolean;
  /** Start of the current run; a test does not interrupt it. */
  readonly since: Millis;
  /** Length of the run before. */
  readonly ranBefore: Millis;
  /** Five-minute levels of the run. */
  readonly first: number | undefined;
  readonly peak: number;
  readonly peakAt: Millis;
  readonly trough: number;
  readonly test: { readonly startedAt: Millis; readonly expected: number } | undefined;
  readonly nextTestAt: Millis;
  readonly failedTests: number;
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
  failedTests: 0,
  ineffective: false,
  relay: startRelayWatch(now, relayAlarm),
  learntRise,
});

/** A person has checked the relay (SR-06). */
export const clearHeatEffect = (state: HeatEffectState): HeatEffectState =>
  state.relay.alarm ? { ...state, relay: clearRelayAlarm(state.relay) } : state;

/** The heater pauses for a test. */
export const isTesting = (state: HeatEffectState): boolean => state.test !== undefined;

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
  on,
  since: now,
  ranBefore: millis(now - state.since),
  first: undefined,
});

/** Call it once per completed minute of the trend. */
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
  if (level - learnt.trough >= plainRise) return { ...learnt, failedTests: 0, ineffective: false };
  const long = now - state.since >= ineffectiveAfter && now - learnt.peakAt >= ineffectiveAfter;
  const before = levelAgo(input.trend, 20);
  const falling = before !== undefined && level < before;
  if (!long || !falling || learnt.peak - level < testAfterFall || now < learnt.nextTestAt) return learnt;
  if (!input.mayPause) return failTest(learnt, input);
  const expected = level + ((level - before) / 20) * testMinutes;
  return { ...learnt, test: { startedAt: now, expected } };
}

function endTest(state: HeatEffectState, level: number, input: HeatEffectInput): HeatEffectState {
  const expected = state.test?.expected ?? level;
  const ended = { ...state, test: undefined };
  if (level - expected > -testEffect) return failTest(ended, input);
  return {
    ...startRun(ended, input.heaterOn, input.now),
    failedTests: 0,
    ineffective: false,
    nextTestAt: millis(input.now + testRest),
  };
}

function failTest(state: HeatEffectState, input: HeatEffectInput): HeatEffectState {
  const unanswered = Math.min(maxFailedTests, state.failedTests + 1);
  return {
    ...state,
    failedTests: unanswered,
    ineffective: unanswered >= maxFailedTests,
    nextTestAt: millis(input.now + input.ineffectiveAfter),
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
function learnQuickly(state: HeatEffectState, { trend, now }: HeatEffectInput): number | undefined {
  const { learntRise = 0 } = state;
  const { means } = trend;
  const [last, before] = [means.at(-1), means.at(-1 - quickMinutes)];
  const ran = now - state.since;
  const heated = state.on ? ran : ran < minutes(quickMinutes) ? state.ranBefore : 0;
  const rise = heated > 0 && last !== undefined && before !== undefined ? last - before : 0;
  const heatedMinutes = Math.min(quickMinutes, Math.max(1, heated / minutes(1)));
  if (rise < plainQuickRise) return learntRise > 0 ? learntRise * decay : undefined;
  return learntRise + Math.max(0, wholeRise(rise, heatedMinutes) - learntRise) / 4;
}
