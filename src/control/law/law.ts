/**
 * Folder law/: the heating control algorithm.
 *
 * From readings and set-point to "heat or not", as a pure function.
 *
 * Guarantee: for any readings and intervals the state stays finite and bounded and the demand within 0 and 100 %. At a
 * constant set-point, starts are requested at least one cycle (9 min) apart, 6.7 an hour. The law only requests heat:
 * minimum times and safety decide after it, and their decision is fed back as `heaterOn`.
 */

import type { Celsius, DutyPercent, Kelvin, Millis } from "../../base/units.ts";
import { duty, minutes } from "../../base/units.ts";
import type { CycleState, CycleTimes } from "./cycle.ts";
import { follow, maxDeficit, mayStart, modulate, startCycle, updateDeficit } from "./cycle.ts";
import type { FilterState } from "./filter.ts";
import { filter, slope } from "./filter.ts";
import type { RegulatorState } from "./regulator.ts";
import { endCycle, regulate, startRegulator } from "./regulator.ts";
import type { RoomModel } from "./room-model.ts";
import { defaultRoom } from "./room-model.ts";

export interface LawSettings {
  readonly law: "proportional" | "hysteresis";
  /** Hysteresis law only: half the width of the band around the set-point. */
  readonly hysteresis: Kelvin;
  readonly minimumOn: Millis;
  readonly minimumOff: Millis;
}

export interface LawInput {
  readonly temperature: Celsius;
  readonly target: Celsius;
  /** As commanded since the last call, after safety and minimum times. */
  readonly heaterOn: boolean;
  /** False while the law does not control the heater (manual mode, fault). */
  readonly isActive: boolean;
  readonly nowMs: Millis;
}

export interface LawState {
  /** Undefined before the first reading. */
  readonly filter: FilterState | undefined;
  readonly regulator: RegulatorState;
  readonly cycle: CycleState;
  /** What was learned of the room; the default before that. */
  readonly room: RoomModel;
  readonly target: Celsius | undefined;
  readonly lastMs: Millis | undefined;
}

export interface LawOutput {
  readonly state: LawState;
  /** Share of full power that the room needs now; with the hysteresis law 0 or 100. */
  readonly demand: DutyPercent;
  readonly heat: boolean;
}

/** Maximum time integrated per reading: the temperature during a longer gap is unknown. */
const maxStepS = 60;
/** A longer cycle (a set-back, a hot afternoon) does not show the room's swing with the heater. */
const maxCycle = minutes(30);

/** The state before the first reading. Both laws use it, so the law can change at run time. */
export const startLaw = (room: RoomModel = defaultRoom): LawState => ({
  filter: undefined,
  regulator: startRegulator,
  cycle: startCycle,
  room,
  target: undefined,
  lastMs: undefined,
});

/** Call it once per accepted reading, at any interval. */
export function lawStep(state: LawState, settings: LawSettings, input: LawInput): LawOutput {
  const { target, nowMs } = input;
  const lastMs = state.lastMs ?? nowMs;
  const elapsedS = Math.max(0, nowMs - lastMs) / 1000;
  const filtered = filter(state.filter, input.temperature, elapsedS);
  const { state: followed, started } = follow(state.cycle, input.heaterOn, lastMs);
  const sinceStart = lastMs - (state.cycle.startedMs ?? Number.NEGATIVE_INFINITY);
  const ordinary = started && input.isActive && sinceStart <= maxCycle;
  const noted: LawState = {
    ...state,
    filter: filtered,
    regulator: started ? endCycle(state.regulator, ordinary) : state.regulator,
    // A new set-point takes effect at once, without waiting for the cycle.
    cycle: target === state.target ? followed : { ...followed, startedMs: undefined },
    target,
    lastMs: nowMs,
  };
  return settings.law === "hysteresis"
    ? hysteresis(noted, settings, filtered, input)
    : proportional(noted, settings, filtered, input, Math.min(elapsedS, maxStepS));
}

function proportional(
  state: LawState,
  settings: LawSettings,
  filtered: FilterState,
  input: LawInput,
  stepS: number,
): LawOutput {
  const times: CycleTimes = {
    minimumOnS: settings.minimumOn / 1000,
    minimumOffS: settings.minimumOff / 1000,
  };
  const end = maxDeficit(times);
  const { state: regulator, demand } = regulate(state.regulator, {
    error: input.target - filtered.smooth,
    slope: slope(filtered),
    stepS,
    mayRise: input.isActive && state.cycle.deficit < end,
    mayFall: input.isActive && state.cycle.deficit > -end,
  });
  // Without control there is no deficit to compensate, and the swing is not caused by the law.
  const cycle = input.isActive
    ? updateDeficit(state.cycle, demand, stepS, times)
    : { ...state.cycle, deficit: 0 };
  return {
    state: { ...state, regulator: input.isActive ? regulator : { ...regulator, range: undefined }, cycle },
    demand: duty(demand * 100),
    heat: modulate(cycle, demand, times, input.nowMs),
  };
}

function hysteresis(
  state: LawState,
  settings: LawSettings,
  filtered: FilterState,
  input: LawInput,
): LawOutput {
  const missing = input.target - filtered.smooth;
  const wanted = input.heaterOn ? missing > -settings.hysteresis : missing >= settings.hysteresis;
  const heat = wanted && (input.heaterOn || mayStart(state.cycle, input.nowMs));
  return { state: { ...state, cycle: { ...state.cycle, deficit: 0 } }, demand: duty(wanted ? 100 : 0), heat };
}
