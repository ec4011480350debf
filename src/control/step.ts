/**
 * Folder control/: the core: decides everything, does nothing. Pure and synchronous; time is an argument.
 *
 * The controller: `step(state, input, now)` gives the next state, the outputs wanted, what happened, and when to come
 * back. Synchronous, without I/O; the caller asserts the outputs and calls again at `wakeAtMs` or earlier.
 *
 * Guarantees: the heater is ON only while a trusted reading is younger than 60 s and no fault that forbids heat
 * stands; minimum times hold; a clock that runs backwards ends the heat and the trust in the sensor, never
 * prolongs them; the same state, input and time give the same result.
 */

import type { Millis } from "../base/units.ts";
import { celsius, hours, millis, minutes, seconds } from "../base/units.ts";
import { activeFaults, forbidsHeat, reportFaults, reportLineReason } from "./active-faults.ts";
import type { Input } from "./input.ts";
import { lawStep } from "./law/law.ts";
import type { Commands, ControlEvent } from "./output.ts";
import { nextLook, outputs, roomTemperature } from "./outputs.ts";
import { heatAim } from "./panel/hold.ts";
import type { UserInput } from "./panel/user-input.ts";
import { readUserInput } from "./panel/user-input.ts";
import { heaterBlamedFor, startCutOff, stepCutOff, whyNotClear } from "./safety/cut-off.ts";
import { stepFrost } from "./safety/frost.ts";
import type { HeatEffectState } from "./safety/heat-effect.ts";
import { clearHeatEffect, isTesting, noteSwitch, stepHeatEffect } from "./safety/heat-effect.ts";
import { clearRelayLine, stepRelayLine } from "./safety/relay-line.ts";
import { agesSensor, distrustSensor, judgeReading } from "./safety/sensor.ts";
import { decide } from "./safety/switching.ts";
import { addToTrend } from "./safety/trend.ts";
import type { ControlState } from "./state.ts";

export type { ControlState, StartConditions } from "./state.ts";
export { start, stop } from "./state.ts";

export interface StepResult {
  readonly state: ControlState;
  readonly commands: Commands;
  readonly events: readonly ControlEvent[];
  /** On the caller's clock, later than `nowMs`. */
  readonly wakeAtMs: Millis;
}

/** Heating time of one step that is believed: a loop that was away cannot know what the relay did meanwhile. */
const maxCountedStep = minutes(1);
/** Counters alone are stored this often. */
const countersEvery = hours(1);
/** What is left of a boost, so often. */
const boostEvery = minutes(10);

/** A wall clock that moves against the monotonic one by more was set; less is slewing and drift. */
const wallSlack = seconds(5);

/** @param nowMs the caller's monotonic clock */
export function step(state: ControlState, input: Input, nowMs: Millis): StepResult {
  const events: ControlEvent[] = [];
  const { seenMs, offset: offsetBefore } = state.clock;
  const wentBack = nowMs < seenMs;
  const offset = wentBack ? millis(offsetBefore + seenMs - nowMs) : offsetBefore;
  const now = millis(nowMs + offset);
  const passed = wentBack ? 0 : nowMs - seenMs;

  const userInput = readUserInput(state, input, now, offset, events);
  const heard: ControlState = {
    ...state,
    clock: { seenMs: nowMs, offset, wallOffset: millis(input.wallMs - now) },
    buttons: userInput.buttons,
    panel: userInput.panel,
    twin: userInput.twin,
    identifyUntil: userInput.identifyUntil,
    law: recalibrate(state.law, offsetOf(userInput) - offsetOf(state)),
    unsettled: userInput.unsettled,
    line: stepRelayLine(state.line, input.relayLine, state.switching.on, now),
    counters: count(state, passed),
  };
  const sensed = sense(wentBack ? distrust(heard) : heard, input, now, offset);
  const cleared = userInput.clear ? clearFaults(sensed.state, now, events) : sensed.state;
  const watched = watchEffect(state, cleared, now);
  const judged = { ...watched, faults: activeFaults(watched, input.failing) };
  const report = reportFaults(state.faults, judged, events);
  reportLineReason(state, judged, events);
  const advised = advise(state, judged, sensed.accepted, now);
  const switched = switchHeater(advised, now, events);
  const next = settle(state, switched, userInput, report, now);
  return {
    state: next,
    commands: outputs(next, input.link, now),
    events,
    wakeAtMs: millis(nextLook(next, userInput.wakeAt, now) - offset),
  };
}

function count(state: ControlState, passed: number): ControlState["counters"] {
  if (!state.switching.on || passed === 0) return state.counters;
  const { relayCycles, heaterSeconds } = state.counters;
  return { relayCycles, heaterSeconds: heaterSeconds + Math.min(passed, maxCountedStep) / 1000 };
}

const offsetOf = ({ panel }: Pick<ControlState, "panel">): number => panel.values.sensorOffset;

/** The law's memory of the room moves along with the offset. */
function recalibrate(law: ControlState["law"], by: number): ControlState["law"] {
  const { filter } = law.state;
  if (by === 0 || !filter) return law;
  const shifted = { smooth: filter.smooth + by, slower: filter.slower + by };
  return { ...law, state: { ...law.state, filter: shifted } };
}

const distrust = (state: ControlState): ControlState => ({
  ...state,
  sensor: distrustSensor(state.sensor, "the monotonic clock ran backwards"),
});

/** SR-02, SR-03, SR-04: the reading, if there is one, and the time without one. `accepted`: control may act on it. */
function sense(
  state: ControlState,
  input: Input,
  now: Millis,
  offset: Millis,
): { readonly state: ControlState; readonly accepted: boolean } {
  const { reading } = input;
  if (!reading) return { state: { ...state, sensor: agesSensor(state.sensor, now) }, accepted: false };
  const { settings } = state.rules;
  const { sensorOffset } = state.panel.values;
  const at = millis(Math.min(now, reading.atMs + offset));
  const judged = judgeReading(state.sensor, reading, at);
  const temperature = reading.kind === "ok" ? celsius(reading.temperature + sensorOffset) : undefined;
  const cutOff = stepCutOff(state.cutOff, {
    verdict: judged.verdict,
    temperature,
    cutOff: settings.cutOff,
    heaterToBlame: mayHaveHeated(state, now),
  });
  const sensor = agesSensor(judged.state, now);
  const accepted = judged.verdict === "accepted" && !sensor.stale;
  // Before calibration: a new offset must not look like a room that warms.
  const trend =
    accepted && reading.kind === "ok" ? addToTrend(state.trend, reading.temperature, at) : state.trend;
  return { state: { ...state, sensor, cutOff, trend }, accepted };
}

/** SR-04: the heater is on or was lately; a line that does not follow may have been on at any time. */
function mayHaveHeated({ switching, lastSwitch, line }: ControlState, now: Millis): boolean {
  if (switching.on || line.mismatch || line.differsSince !== undefined) return true;
  return lastSwitch !== undefined && now - lastSwitch.at < heaterBlamedFor;
}

/** Latched faults go when a person says so and their cause is gone; a welded relay is left to the person's eyes. */
function clearFaults(state: ControlState, now: Millis, events: ControlEvent[]): ControlState {
  const line = clearRelayLine(state.line, now);
  const cleared = { ...state, stateLost: false, line, effect: clearHeatEffect(state.effect) };
  if (!state.cutOff.tripped) return cleared;
  const reason = whyNotClear(state.cutOff, roomTemperature(state), state.rules.settings.cutOff);
  if (reason === undefined) return { ...cleared, cutOff: startCutOff(false) };
  events.push({ kind: "refused", request: "clear-faults", reason });
  return cleared;
}

/** SR-05, SR-06: once for every completed minute. */
function watchEffect(before: ControlState, state: ControlState, now: Millis): ControlState {
  if (state.trend.means === before.trend.means) return state;
  const { settings } = state.rules;
  const temperature = roomTemperature(state);
  const effect = stepHeatEffect(state.effect, {
    trend: state.trend,
    heaterOn: state.switching.on,
    mayPause: !state.frost && temperature !== undefined && temperature >= settings.frostOff,
    ineffectiveAfter: minutes(settings.ineffectiveAfterMinutes),
    now,
  });
  return { ...state, effect };
}

/** What frost protection and the heating law wish, at every accepted reading and every change of the panel. */
function advise(before: ControlState, state: ControlState, accepted: boolean, now: Millis): ControlState {
  const mode = state.panel.values.controlMode;
  const { settings } = state.rules;
  const target = heatAim(state.panel, settings);
  const temperature = roomTemperature(state);
  const moved = target !== heatAim(before.panel, settings) || mode !== before.panel.values.controlMode;
  if (temperature === undefined || !(accepted || moved)) return state;
  const frost = stepFrost(state.frost, temperature, mode, settings);
  const inCharge = mode === "auto" && !frost && !isTesting(state.effect) && !forbidsHeat(state.faults);
  const law = lawStep(state.law.state, state.rules.law, {
    temperature,
    target,
    heaterOn: state.switching.on,
    inCharge,
    nowMs: now,
  });
  return { ...state, frost, law };
}

interface Wish {
  readonly heat: boolean;
  readonly because: string;
}

function wishOf(state: ControlState): Wish {
  if (roomTemperature(state) === undefined) return { heat: false, because: "no trusted reading" };
  if (state.frost) return { heat: true, because: "frost protection" };
  const { controlMode, heaterSwitch } = state.panel.values;
  if (controlMode === "manual") return { heat: heaterSwitch, because: "manual switch" };
  return { heat: state.law.heat, because: `demand ${state.law.demand.toFixed(0)} %` };
}

/** SR-08 and every OFF: wish, faults and minimum times become the command. */
function switchHeater(state: ControlState, now: Millis, events: ControlEvent[]): ControlState {
  const wish = wishOf(state);
  const fault = forbidsHeat(state.faults);
  const testing = isTesting(state.effect) && !state.frost;
  const { minimumOn, minimumOff } = state.rules.law;
  const decision = { heat: wish.heat && !testing, forbidden: fault !== undefined };
  const switching = decide(state.switching, decision, now, minimumOn, minimumOff);
  const keepTest = wish.heat && !fault && !state.frost;
  const effect: HeatEffectState = noteSwitch(state.effect, switching.on, keepTest, now);
  if (switching === state.switching) return effect === state.effect ? state : { ...state, effect };
  const reason = fault ?? (testing ? "test whether the room answers" : wish.because);
  events.push({ kind: "heater", on: switching.on, reason });
  const { relayCycles, heaterSeconds } = state.counters;
  return {
    ...state,
    switching,
    effect,
    lastSwitch: { on: switching.on, at: now },
    counters: { relayCycles: relayCycles + (switching.on ? 1 : 0), heaterSeconds },
  };
}

/** Whole hours that the heater was off, as far as they matter (SR-04): each is stored, as no clock counts them later. */
function restedHours({ lastSwitch }: ControlState, now: number): number {
  if (lastSwitch === undefined || lastSwitch.on) return 0;
  return Math.floor(Math.min(now - lastSwitch.at, heaterBlamedFor) / hours(1));
}

/** What is to be stored, and the screen's wakefulness: a touch and a new fault both light it. */
function settle(
  before: ControlState,
  state: ControlState,
  userInput: UserInput,
  report: { readonly raised: boolean; readonly latchedChanged: boolean },
  now: Millis,
): ControlState {
  // Memory cards wear: while the heater comes and goes the stored state says ON. A start after a power cut then waits
  // for the minimum off time and blames the heater for heat, as it must; an OFF that lasts is stored with its hours.
  const turnedOn = state.switching.on && !before.switching.on && !before.storedOn;
  const countersDue = now - state.countersSavedAt >= countersEvery && state.counters !== before.counters;
  const boostDue = state.panel.boost !== undefined && now - state.countersSavedAt >= boostEvery;
  const clockSet = Math.abs(state.clock.wallOffset - before.clock.wallOffset) > wallSlack;
  const restedLonger =
    restedHours(state, now) !== restedHours(before, before.clock.seenMs + before.clock.offset);
  const relayAlarm = (state.effect.relay.alarm === undefined) !== (before.effect.relay.alarm === undefined);
  const store =
    clockSet ||
    userInput.changed ||
    report.latchedChanged ||
    relayAlarm ||
    turnedOn ||
    countersDue ||
    boostDue ||
    restedLonger;
  return {
    ...state,
    touchedAt: userInput.touched || report.raised ? now : state.touchedAt,
    revision: store ? state.revision + 1 : state.revision,
    countersSavedAt: store ? now : state.countersSavedAt,
    storedOn: store ? (state.lastSwitch?.on ?? false) : state.storedOn,
  };
}
