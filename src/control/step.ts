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
import { lawTarget } from "./panel/held-button.ts";
import { type Panel, relabelChanges } from "./panel/panel.ts";
import type { UserInput } from "./panel/user-input.ts";
import { readUserInput } from "./panel/user-input.ts";
import { heaterCauseWindow, startCutOff, stepCutOff, whyNotClear } from "./safety/cut-off.ts";
import { stepFrost } from "./safety/frost.ts";
import { clearHeatEffect, followSwitch, isTesting, stepHeatEffect } from "./safety/heat-effect.ts";
import { clearRelayLine, stepRelayLine } from "./safety/relay-line.ts";
import { ageSensor, distrustSensor, judgeReading } from "./safety/sensor.ts";
import { decide } from "./safety/switching.ts";
import { addToTrend } from "./safety/trend.ts";
import { targetAhead } from "./schedule/ahead.ts";
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

/**
 * The next state while `step` makes it: copied once, since a copy for each part that changes would cost more than all
 * the rules together.
 */
type NextState = { -readonly [K in keyof ControlState]: ControlState[K] };

/** @param nowMs the caller's monotonic clock */
export function step(state: ControlState, input: Input, nowMs: Millis): StepResult {
  const events: ControlEvent[] = [];
  const { seenMs, offset: offsetBefore } = state.clock;
  const wentBack = nowMs < seenMs;
  const offset = wentBack ? millis(offsetBefore + seenMs - nowMs) : offsetBefore;
  const now = millis(nowMs + offset);
  const clock = { seenMs: nowMs, offset, wallOffset: millis(input.wallMs - now) };

  const userInput = readUserInput(state, input, now, offset, events);
  const next = nextState(state, input, userInput, clock);
  if (wentBack) next.sensor = distrustSensor(next.sensor, "the monotonic clock ran backwards");
  const accepted = processReading(next, input, now);
  if (userInput.clear) clearFaults(next, now, events);
  if (userInput.relayReplaced) next.counters = { ...next.counters, relayCycles: 0 };
  watchEffect(state, next, now);
  next.faults = activeFaults(next, input.failing);
  const report = reportFaults(state.faults, next, events);
  reportLineReason(state, next, events);
  runHeatingLaw(state, next, accepted, now);
  switchHeater(next, now, events);
  finishStep(state, next, userInput, report, now);
  return {
    state: next,
    commands: outputs(next, input, now),
    events,
    wakeAtMs: millis(nextStepTime(next, userInput.wakeAt, now) - offset),
  };
}

/** With user input, clock, line and counters as they are now; the rest is as before. */
function nextState(
  state: ControlState,
  input: Input,
  userInput: UserInput,
  clock: ControlState["clock"],
): NextState {
  const now = millis(clock.seenMs + clock.offset);
  // Each member by name: much faster than a copy of the object before, which was made in the same way.
  return {
    rules: userInput.rules,
    firmware: state.firmware,
    clock,
    buttons: userInput.buttons,
    panel: corrected(userInput.panel, state, clock.wallOffset, input.wallMs),
    twin: userInput.twin,
    identifyUntil: userInput.identifyUntil,
    sensor: state.sensor,
    cutOff: state.cutOff,
    line: stepRelayLine(state.line, input.relayLine, state.switching.on, now),
    switching: state.switching,
    frost: state.frost,
    trend: state.trend,
    effect: state.effect,
    law: lawOf(state, userInput),
    stateLost: state.stateLost,
    faults: state.faults,
    counters: count(state, Math.max(0, clock.seenMs - state.clock.seenMs)),
    lastSwitch: state.lastSwitch,
    touchedAt: state.touchedAt,
    unsettled: userInput.unsettled,
    revision: state.revision,
    countersSavedAt: state.countersSavedAt,
    serialAtStart: state.serialAtStart,
    storedOn: state.storedOn,
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

/** The law's state after a new sensor offset, or after a request to forget the room. */
function lawOf({ law, panel }: ControlState, userInput: UserInput): ControlState["law"] {
  const by = offsetOf(userInput) - offsetOf({ panel });
  if (by === 0 && !userInput.forget) return law;
  const shifted = shiftTemperature(law.state, by);
  return { ...law, state: userInput.forget ? forgetRoom(shifted) : shifted };
}

/** SR-02, SR-03, SR-04: processes the reading, or the time without one. @returns whether control may act on it */
function processReading(next: NextState, { reading }: Input, now: Millis): boolean {
  if (!reading) {
    next.sensor = ageSensor(next.sensor, now);
    return false;
  }
  const at = millis(Math.min(now, reading.atMs + next.clock.offset));
  const judged = judgeReading(next.sensor, reading, at);
  const temperature =
    reading.kind === "ok" ? celsius(reading.temperature + next.panel.values.sensorOffset) : undefined;
  next.cutOff = stepCutOff(next.cutOff, {
    verdict: judged.verdict,
    temperature,
    cutOff: next.rules.settings.cutOff,
    heaterMayBeCause: mayHaveHeated(next, now),
  });
  next.sensor = ageSensor(judged.state, now);
  const accepted = judged.verdict === "accepted" && !next.sensor.stale;
  // Uncalibrated: a new offset must not look like a warming room.
  if (accepted && reading.kind === "ok") next.trend = addToTrend(next.trend, reading.temperature, at);
  return accepted;
}

/** SR-04: the heater is or was recently on; a mismatching line may have been on at any time. */
function mayHaveHeated({ switching, lastSwitch, line }: ControlState, now: Millis): boolean {
  if (switching.on || line.mismatch || line.differsSince !== undefined) return true;
  return lastSwitch !== undefined && now - lastSwitch.at < heaterCauseWindow;
}

/** Clears latched faults whose cause has ended; for a welded relay, the person has checked it. */
function clearFaults(next: NextState, now: Millis, events: ControlEvent[]): void {
  next.stateLost = false;
  next.line = clearRelayLine(next.line, now);
  next.effect = clearHeatEffect(next.effect);
  if (!next.cutOff.tripped) return;
  const reason = whyNotClear(next.cutOff, roomTemperature(next), next.rules.settings.cutOff);
  if (reason === undefined) next.cutOff = startCutOff(false);
  else events.push({ kind: "refused", request: "clear-faults", reason });
}

/** SR-05, SR-06: once per completed minute. */
function watchEffect(before: ControlState, next: NextState, now: Millis): void {
  if (next.trend.means === before.trend.means) return;
  const { settings } = next.rules;
  const temperature = roomTemperature(next);
  next.effect = stepHeatEffect(next.effect, {
    trend: next.trend,
    heaterOn: next.switching.on,
    mayPause: !next.frost && temperature !== undefined && temperature >= settings.frostOff,
    ineffectiveAfter: minutes(settings.ineffectiveAfterMinutes),
    now,
  });
}

/** Runs frost protection and the heating law, at every accepted reading and every change of the panel. */
function runHeatingLaw(before: ControlState, next: NextState, accepted: boolean, now: Millis): void {
  const mode = next.panel.values.controlMode;
  const { settings } = next.rules;
  const target = lawTarget(next.panel, settings);
  const temperature = roomTemperature(next);
  const moved = target !== lawTarget(before.panel, settings) || mode !== before.panel.values.controlMode;
  if (temperature === undefined || !(accepted || moved)) return;
  next.frost = stepFrost(next.frost, temperature, mode, settings);
  const isForbidden = forbidsHeat(next.faults) !== undefined;
  next.law = lawStep(next.law.state, next.rules.law, {
    temperature,
    target: targetAhead(next, target, now),
    heaterOn: next.switching.on,
    isActive: mode === "auto" && !next.frost && !isTesting(next.effect) && !isForbidden,
    mayLearn: !isForbidden && !next.effect.ineffective && next.effect.relay.alarm === undefined,
    nowMs: now,
  });
}

function heatRequestOf(state: ControlState): { readonly heat: boolean; readonly because: string } {
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
function switchHeater(next: NextState, now: Millis, events: ControlEvent[]): void {
  const request = heatRequestOf(next);
  const fault = forbidsHeat(next.faults);
  const testing = isTesting(next.effect) && !next.frost;
  const { minimumOn, minimumOff } = next.rules.law;
  const decision = { heat: request.heat && !testing, forbidden: fault !== undefined };
  const switching = decide(next.switching, decision, now, minimumOn, minimumOff);
  const keepTest = (request.heat || demandsHeat(next)) && !fault && !next.frost;
  next.effect = followSwitch(next.effect, switching.on, keepTest, now);
  if (switching === next.switching) return;
  const reason = fault ?? (testing ? "test whether heating has an effect" : request.because);
  events.push({ kind: "heater", on: switching.on, reason });
  const { relayCycles, heaterSeconds } = next.counters;
  next.switching = switching;
  next.lastSwitch = { on: switching.on, at: now };
  next.counters = { relayCycles: relayCycles + (switching.on ? 1 : 0), heaterSeconds };
}

/** Whole hours since the heater was switched off, up to the limit of SR-04; each is stored, to survive a restart. */
function hoursOff({ lastSwitch }: ControlState, now: number): number {
  if (lastSwitch === undefined || lastSwitch.on) return 0;
  return Math.floor(Math.min(now - lastSwitch.at, heaterCauseWindow) / hours(1));
}

/** Decides what to store, and wakes the screen after a press or a new fault. */
function finishStep(
  before: ControlState,
  next: NextState,
  userInput: UserInput,
  report: { readonly raised: boolean; readonly latchedChanged: boolean },
  now: Millis,
): void {
  if (userInput.touched || report.raised) next.touchedAt = now;
  // Memory cards wear: while the heater comes and goes the stored state says ON. A start after a power cut then waits
  // for the minimum off time and blames the heater for heat, as it must; an OFF that lasts is stored with its hours.
  const turnedOn = next.switching.on && !before.switching.on && !before.storedOn;
  const countersDue = now - next.countersSavedAt >= countersEvery && next.counters !== before.counters;
  const boostDue = next.panel.boost !== undefined && now - next.countersSavedAt >= boostEvery;
  const clockSet = Math.abs(next.clock.wallOffset - before.clock.wallOffset) > wallTolerance;
  const restedLonger = hoursOff(next, now) !== hoursOff(before, before.clock.seenMs + before.clock.offset);
  const relayAlarm = (next.effect.relay.alarm === undefined) !== (before.effect.relay.alarm === undefined);
  const store =
    clockSet ||
    userInput.changed ||
    report.latchedChanged ||
    relayAlarm ||
    turnedOn ||
    countersDue ||
    boostDue ||
    restedLonger;
  if (!store) return;
  next.revision += 1;
  next.countersSavedAt = now;
  next.storedOn = next.lastSwitch?.on ?? false;
}
