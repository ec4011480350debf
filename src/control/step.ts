/**
 * Folder control/: the core: all decisions, no I/O. Pure and synchronous; time is an argument.
 *
 * `step(state, input, now)` returns the next state, the desired outputs, the events, and the time of the next step. The
 * caller asserts the outputs and calls again at `wakeAtMs` or earlier.
 *
 * Guarantees: the heater is ON only while a trusted reading is younger than 60 s and no active fault forbids heat;
 * minimum times hold; a clock that runs backwards ends heat and trust in the sensor, and never prolongs them; the same
 * state, input and time give the same result.
 */

import { isTrustedWallTime } from "../base/clock.ts";
import type { Millis } from "../base/units.ts";
import { celsius, hours, millis, minutes, seconds } from "../base/units.ts";
import { activeFaults, forbidsHeat, reportFaults, reportLineReason } from "./active-faults.ts";
import type { Input } from "./input.ts";
import { forgetRoom, lawStep, shiftTemperature } from "./law/law.ts";
import type { Commands, ControlEvent } from "./output.ts";
import { nextStepTime, outputs, roomTemperature } from "./outputs.ts";
import { lawTarget } from "./panel/hold.ts";
import { type Panel, relabelChanges } from "./panel/panel.ts";
import type { UserInput } from "./panel/user-input.ts";
import { readUserInput } from "./panel/user-input.ts";
import { heaterCauseWindow, startCutOff, stepCutOff, whyNotClear } from "./safety/cut-off.ts";
import { stepFrost } from "./safety/frost.ts";
import type { HeatEffectState } from "./safety/heat-effect.ts";
import { clearHeatEffect, followSwitch, isTesting, stepHeatEffect } from "./safety/heat-effect.ts";
import { clearRelayLine, stepRelayLine } from "./safety/relay-line.ts";
import { ageSensor, distrustSensor, judgeReading } from "./safety/sensor.ts";
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

/** Maximum heating time counted per step: after a stall the state of the relay in between is unknown. */
const maxCountedStep = minutes(1);
/** How often changed counters are stored. */
const countersEvery = hours(1);
/** How often the remaining time of a boost is stored. */
const boostEvery = minutes(10);

/** A larger change against the monotonic clock means that the wall clock was set; less is slewing or drift. */
const wallTolerance = seconds(5);

/** @param nowMs the caller's monotonic clock */
export function step(state: ControlState, input: Input, nowMs: Millis): StepResult {
  const events: ControlEvent[] = [];
  const { seenMs, offset: offsetBefore } = state.clock;
  const wentBack = nowMs < seenMs;
  const offset = wentBack ? millis(offsetBefore + seenMs - nowMs) : offsetBefore;
  const now = millis(nowMs + offset);
  const passed = wentBack ? 0 : nowMs - seenMs;

  const userInput = readUserInput(state, input, now, offset, events);
  const wallOffset = millis(input.wallMs - now);
  const withInput: ControlState = {
    ...state,
    clock: { seenMs: nowMs, offset, wallOffset },
    buttons: userInput.buttons,
    panel: corrected(userInput.panel, state, wallOffset, input.wallMs),
    twin: userInput.twin,
    identifyUntil: userInput.identifyUntil,
    law: { ...state.law, state: lawMemory(state, userInput) },
    unsettled: userInput.unsettled,
    line: stepRelayLine(state.line, input.relayLine, state.switching.on, now),
    counters: count(state, passed),
  };
  const withReading = processReading(wentBack ? distrust(withInput) : withInput, input, now, offset);
  const cleared = userInput.clear ? clearFaults(withReading.state, now, events) : withReading.state;
  const watched = watchEffect(state, cleared, now);
  const withFaults = { ...watched, faults: activeFaults(watched, input.failing) };
  const report = reportFaults(state.faults, withFaults, events);
  reportLineReason(state, withFaults, events);
  const withLaw = runHeatingLaw(state, withFaults, withReading.accepted, now);
  const switched = switchHeater(withLaw, now, events);
  const next = finishStep(state, switched, userInput, report, now);
  return {
    state: next,
    commands: outputs(next, input, now),
    events,
    wakeAtMs: millis(nextStepTime(next, userInput.wakeAt, now) - offset),
  };
}

/** The labels of what was changed while the clock was wrong, once it is right. */
function corrected(panel: Panel, state: ControlState, wallOffset: Millis, wallMs: number): Panel {
  const by = millis(wallOffset - state.clock.wallOffset);
  const isSet = Math.abs(by) > wallTolerance && isTrustedWallTime(wallMs);
  return isSet ? relabelChanges(panel, by, state.serialAtStart) : panel;
}

function count(state: ControlState, passed: number): ControlState["counters"] {
  if (!state.switching.on || passed === 0) return state.counters;
  const { relayCycles, heaterSeconds } = state.counters;
  return { relayCycles, heaterSeconds: heaterSeconds + Math.min(passed, maxCountedStep) / 1000 };
}

const offsetOf = ({ panel }: Pick<ControlState, "panel">): number => panel.values.sensorOffset;

/** What the law knows, after a new sensor offset or when it was to forget. */
function lawMemory(state: ControlState, userInput: UserInput): ControlState["law"]["state"] {
  const shifted = shiftTemperature(state.law.state, offsetOf(userInput) - offsetOf(state));
  return userInput.forget ? forgetRoom(shifted) : shifted;
}

const distrust = (state: ControlState): ControlState => ({
  ...state,
  sensor: distrustSensor(state.sensor, "the monotonic clock ran backwards"),
});

/** SR-02, SR-03, SR-04: processes the reading, or the time without one. `accepted`: control may act on it. */
function processReading(
  state: ControlState,
  input: Input,
  now: Millis,
  offset: Millis,
): { readonly state: ControlState; readonly accepted: boolean } {
  const { reading } = input;
  if (!reading) return { state: { ...state, sensor: ageSensor(state.sensor, now) }, accepted: false };
  const { settings } = state.rules;
  const { sensorOffset } = state.panel.values;
  const at = millis(Math.min(now, reading.atMs + offset));
  const judged = judgeReading(state.sensor, reading, at);
  const temperature = reading.kind === "ok" ? celsius(reading.temperature + sensorOffset) : undefined;
  const cutOff = stepCutOff(state.cutOff, {
    verdict: judged.verdict,
    temperature,
    cutOff: settings.cutOff,
    heaterMayBeCause: mayHaveHeated(state, now),
  });
  const sensor = ageSensor(judged.state, now);
  const accepted = judged.verdict === "accepted" && !sensor.stale;
  // Uncalibrated: a new offset must not look like a warming room.
  const trend =
    accepted && reading.kind === "ok" ? addToTrend(state.trend, reading.temperature, at) : state.trend;
  return { state: { ...state, sensor, cutOff, trend }, accepted };
}

/** SR-04: the heater is or was recently on; a mismatching line may have been on at any time. */
function mayHaveHeated({ switching, lastSwitch, line }: ControlState, now: Millis): boolean {
  if (switching.on || line.mismatch || line.differsSince !== undefined) return true;
  return lastSwitch !== undefined && now - lastSwitch.at < heaterCauseWindow;
}

/** Clears latched faults whose cause has ended; for a welded relay, the person has checked it. */
function clearFaults(state: ControlState, now: Millis, events: ControlEvent[]): ControlState {
  const line = clearRelayLine(state.line, now);
  const cleared = { ...state, stateLost: false, line, effect: clearHeatEffect(state.effect) };
  if (!state.cutOff.tripped) return cleared;
  const reason = whyNotClear(state.cutOff, roomTemperature(state), state.rules.settings.cutOff);
  if (reason === undefined) return { ...cleared, cutOff: startCutOff(false) };
  events.push({ kind: "refused", request: "clear-faults", reason });
  return cleared;
}

/** SR-05, SR-06: once per completed minute. */
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

/** Runs frost protection and the heating law, at every accepted reading and every change of the panel. */
function runHeatingLaw(
  before: ControlState,
  state: ControlState,
  accepted: boolean,
  now: Millis,
): ControlState {
  const mode = state.panel.values.controlMode;
  const { settings } = state.rules;
  const target = lawTarget(state.panel, settings);
  const temperature = roomTemperature(state);
  const moved = target !== lawTarget(before.panel, settings) || mode !== before.panel.values.controlMode;
  if (temperature === undefined || !(accepted || moved)) return state;
  const frost = stepFrost(state.frost, temperature, mode, settings);
  const isActive = mode === "auto" && !frost && !isTesting(state.effect) && !forbidsHeat(state.faults);
  const law = lawStep(state.law.state, state.rules.law, {
    temperature,
    target,
    heaterOn: state.switching.on,
    isActive,
    mayLearn:
      !forbidsHeat(state.faults) && !state.effect.ineffective && state.effect.relay.alarm === undefined,
    nowMs: now,
  });
  return { ...state, frost, law };
}

interface HeatRequest {
  readonly heat: boolean;
  readonly because: string;
}

function heatRequestOf(state: ControlState): HeatRequest {
  if (roomTemperature(state) === undefined) return { heat: false, because: "no trusted reading" };
  if (state.frost) return { heat: true, because: "frost protection" };
  const { controlMode, heaterSwitch } = state.panel.values;
  if (controlMode === "manual") return { heat: heaterSwitch, because: "manual switch" };
  return { heat: state.law.heat, because: `demand ${state.law.demand.toFixed(0)} %` };
}

/** The law, which waits during a test, asks for most of the heater's power. */
const demandsHeat = ({ panel, law }: ControlState): boolean =>
  panel.values.controlMode === "auto" && law.demand >= 50;

/** SR-08: request, faults and minimum times become the heater command. */
function switchHeater(state: ControlState, now: Millis, events: ControlEvent[]): ControlState {
  const request = heatRequestOf(state);
  const fault = forbidsHeat(state.faults);
  const testing = isTesting(state.effect) && !state.frost;
  const { minimumOn, minimumOff } = state.rules.law;
  const decision = { heat: request.heat && !testing, forbidden: fault !== undefined };
  const switching = decide(state.switching, decision, now, minimumOn, minimumOff);
  const keepTest = (request.heat || demandsHeat(state)) && !fault && !state.frost;
  const effect: HeatEffectState = followSwitch(state.effect, switching.on, keepTest, now);
  if (switching === state.switching) return effect === state.effect ? state : { ...state, effect };
  const reason = fault ?? (testing ? "test whether heating has an effect" : request.because);
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

/** Whole hours since the heater was switched off, up to the limit of SR-04; each is stored, to survive a restart. */
function hoursOff({ lastSwitch }: ControlState, now: number): number {
  if (lastSwitch === undefined || lastSwitch.on) return 0;
  return Math.floor(Math.min(now - lastSwitch.at, heaterCauseWindow) / hours(1));
}

/** Decides what to store, and wakes the screen after a press or a new fault. */
function finishStep(
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
  const clockSet = Math.abs(state.clock.wallOffset - before.clock.wallOffset) > wallTolerance;
  const restedLonger = hoursOff(state, now) !== hoursOff(before, before.clock.seenMs + before.clock.offset);
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
