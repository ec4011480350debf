/**
 * Folder law/: the heating control algorithm.
 *
 * From readings and set-point to "heat or not", as a pure function. The law learns its room (identify.ts), estimates
 * what it cannot read (room-estimate.ts), and asks for the heat with which the model reaches the set-point
 * (regulator.ts), in cycles as long as the ripple allows (cycle-length.ts).
 *
 * Guarantee: for any readings and intervals the state stays finite and bounded and the demand within 0 and 100 %. At a
 * constant set-point, starts are requested at least one cycle apart, at most `maxStartsPerHour`. The law only requests
 * heat: minimum times and safety decide after it, and their decision is fed back as `heaterOn`.
 */

import type { Celsius, DutyPercent, Kelvin, Millis } from "../../base/units.ts";
import { duty } from "../../base/units.ts";
import type { CycleState, CycleTimes } from "./cycle.ts";
import { follow, mayStart, modulate, startCycle, updateDeficit } from "./cycle.ts";
import type { CycleSettings } from "./cycle-length.ts";
import { cycleLength } from "./cycle-length.ts";
import type { FilterState } from "./filter.ts";
import { filter } from "./filter.ts";
import type { LearnState } from "./learn.ts";
import { learn, shiftLearning, startLearning, withLoad } from "./learn.ts";
import type { Average, ReadingsState } from "./readings.ts";
import { addReading, noiseOf, shiftReadings, startReadings } from "./readings.ts";
import { demandFor } from "./regulator.ts";
import type { RoomModel } from "./room-model.ts";
import { defaultRoom } from "./room-model.ts";
import type { WindowState } from "./window.ts";
import { shutWindow, watchWindow } from "./window.ts";

export interface LawSettings extends CycleSettings {
  readonly law: "proportional" | "hysteresis";
  /** Hysteresis law only: half the width of the band around the set-point. */
  readonly hysteresis: Kelvin;
  readonly minimumOn: Millis;
  readonly minimumOff: Millis;
  /** Pause heat while a window is open. */
  readonly windowDetection: boolean;
}

export interface LawInput {
  readonly temperature: Celsius;
  readonly target: Celsius;
  /** As commanded since the last call, after safety and minimum times. */
  readonly heaterOn: boolean;
  /** False while the law does not control the heater (manual mode, fault). */
  readonly isActive: boolean;
  /** False while what the heater does is in doubt (a fault): nothing is learned. */
  readonly mayLearn: boolean;
  readonly nowMs: Millis;
}

export interface LawState {
  /** Undefined before the first reading. */
  readonly filter: FilterState | undefined;
  readonly readings: ReadingsState;
  /** Undefined before the first reading. */
  readonly learning: LearnState | undefined;
  /** What was learned of the room; the default before that. */
  readonly room: RoomModel;
  readonly window: WindowState;
  readonly cycle: CycleState;
  /** The deficit at the last average. */
  readonly deficitBefore: number;
  /** Share of full power, 0 to 1. */
  readonly demand: number;
  readonly target: Celsius | undefined;
  readonly lastMs: Millis | undefined;
}

export interface LawOutput {
  readonly state: LawState;
  /** Share of full power that the room needs now; with the hysteresis law 0 or 100. */
  readonly demand: DutyPercent;
  readonly heat: boolean;
}

/** Maximum time counted per reading: the temperature during a longer gap is unknown. */
const maxStepS = 60;
/** A third of full power: typical for a heater of usual size on an average day. */
const firstDemand = 0.3;
/** So far above the set-point (K) no forecast of a fall calls for heat. */
const plainlyWarm = 1.5;
/** Ripple is forgotten in this time while the demand is at a limit (s). */
const dropS = 120;

/** The state before the first reading. Both laws use it, so the law can change at run time. */
export const startLaw = (room: RoomModel = defaultRoom): LawState => ({
  filter: undefined,
  readings: startReadings(room.noiseK),
  learning: undefined,
  room,
  window: shutWindow,
  cycle: startCycle,
  deficitBefore: 0,
  demand: firstDemand,
  target: undefined,
  lastMs: undefined,
});

/** The next state while `lawStep` makes it: copied once, as in step.ts. */
type NextLaw = { -readonly [K in keyof LawState]: LawState[K] } & { learning: LearnState };

/** Call it once per accepted reading, at any interval. */
export function lawStep(state: LawState, settings: LawSettings, input: LawInput): LawOutput {
  const { target, nowMs, temperature } = input;
  const lastMs = state.lastMs ?? nowMs;
  const elapsedS = Math.max(0, nowMs - lastMs) / 1000;
  const stepS = Math.min(elapsedS, maxStepS);
  const isMoved = target !== state.target;
  const followed = follow(state.cycle, input.heaterOn, lastMs);
  const { state: readings, average } = addReading(state.readings, temperature, stepS, input.heaterOn);
  const next: NextLaw = {
    filter: filter(state.filter, temperature, elapsedS),
    readings,
    learning: state.learning ?? startLearning(state.room, temperature, firstDemand),
    room: state.room,
    window: state.window,
    // A new set-point takes effect at once, without waiting for the cycle.
    cycle: isMoved ? { ...followed, startedMs: undefined } : followed,
    deficitBefore: state.deficitBefore,
    demand: state.demand,
    target,
    lastMs: nowMs,
  };
  if (average) observe(next, average, settings, input);
  const decided =
    settings.law === "hysteresis"
      ? hysteresis(next, settings, input)
      : proportional(next, settings, input, stepS, average !== undefined || isMoved);
  return { state: next, demand: decided.demand, heat: decided.heat };
}

/** Processes an average: updates the estimates, watches the window, and learns. */
function observe(next: NextLaw, average: Average, settings: LawSettings, input: LawInput): void {
  const { deficit } = next.cycle;
  // Heat that is dropped at the limits of the deficit is no longer owed, and does not count as ripple.
  const isModulating = input.isActive && next.demand > 0 && next.demand < 1;
  const on = isModulating ? (next.deficitBefore - deficit) / average.elapsedS : 0;
  const keep = Math.exp(-average.elapsedS / (isModulating ? 2 * next.cycle.lengthS : dropS));
  const wasOpen = isWindowOpen(next);
  const learned = learn(next.learning, average, { on, keep }, input.mayLearn && !wasOpen);
  next.window = settings.windowDetection
    ? watchWindow(next.window, learned.active, average.elapsedS)
    : shutWindow;
  const isShut = wasOpen && !isWindowOpen(next);
  // The load of the open window has gone with it.
  next.learning = isShut && next.window.load !== undefined ? withLoad(learned, next.window.load) : learned;
  next.room = { ...learned.active.room, noiseK: noiseOf(next.readings) };
  next.deficitBefore = deficit;
}

/** Heat is paused because a window was opened. */
export const isWindowOpen = (state: Pick<LawState, "window">): boolean => state.window.openS !== undefined;

/** Back to the untuned default; the cycle and what is owed stay. */
export const forgetRoom = (state: LawState): LawState => ({
  ...state,
  learning: undefined,
  room: defaultRoom,
  window: shutWindow,
});

/** Moves all estimated temperatures by `by` kelvins: the sensor's offset has changed. */
export function shiftTemperature(state: LawState, by: number): LawState {
  if (by === 0) return state;
  return {
    ...state,
    filter: state.filter && { smooth: state.filter.smooth + by },
    readings: shiftReadings(state.readings, by),
    learning: state.learning && shiftLearning(state.learning, by),
  };
}

type Decision = Pick<LawOutput, "demand" | "heat">;

function proportional(
  next: NextLaw,
  settings: LawSettings,
  input: LawInput,
  stepS: number,
  changed: boolean,
): Decision {
  const times: CycleTimes = {
    minimumOnS: settings.minimumOn / 1000,
    minimumOffS: settings.minimumOff / 1000,
  };
  const { room, learning } = next;
  const isWarm = (next.filter?.smooth ?? input.temperature) - input.target > plainlyWarm;
  const wanted = changed ? demandFor(room, learning.active.estimate, input.target) : next.demand;
  const demand = isWarm ? 0 : wanted;
  const { deficit, on, startedMs, deficitAtStart } = next.cycle;
  const lengthS = changed ? cycleLength(room, demand, settings) : next.cycle.lengthS;
  const shortestS = 3600 / settings.maxStartsPerHour;
  // Without control there is no deficit to compensate.
  const isPaused = isWindowOpen(next);
  const controls = input.isActive && !isPaused;
  const cycle = { deficit: controls ? deficit : 0, on, startedMs, deficitAtStart, lengthS, shortestS };
  next.demand = demand;
  next.cycle = controls ? updateDeficit(cycle, demand, stepS, times) : cycle;
  if (!controls) next.deficitBefore = 0;
  return {
    demand: duty(isPaused ? 0 : demand * 100),
    heat: !isPaused && modulate(next.cycle, demand, times, input.nowMs),
  };
}

function hysteresis(next: NextLaw, settings: LawSettings, input: LawInput): Decision {
  const missing = input.target - (next.filter?.smooth ?? input.temperature);
  const wanted = input.heaterOn ? missing > -settings.hysteresis : missing >= settings.hysteresis;
  const heat = wanted && !isWindowOpen(next) && (input.heaterOn || mayStart(next.cycle, input.nowMs));
  next.cycle = { ...next.cycle, deficit: 0 };
  next.deficitBefore = 0;
  return { demand: duty(wanted ? 100 : 0), heat };
}
