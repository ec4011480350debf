/**
 * Folder law/: the heating control algorithm.
 *
 * The heating law: from readings and set-point to "heat or not", as a pure function.
 *
 * Guarantee: whatever the readings and their spacing, the state stays finite and bounded and the demand within 0
 * and 100 %. While the set-point stands still, starts are asked for at least one cycle (9 min) apart, 6.7 an hour.
 * The law only wishes: minimum times and safety decide after it, and their decision comes back as `heaterOn`.
 */

import type { Celsius, DutyPercent, Kelvin, Millis } from "../../base/units.ts";
import { duty, minutes } from "../../base/units.ts";
import type { CycleState, CycleTimes } from "./cycle.ts";
import { account, debtEnd, follow, mayStart, modulate, startCycle } from "./cycle.ts";
import type { FilterState } from "./filter.ts";
import { filter, slope } from "./filter.ts";
import type { RegulatorState } from "./regulator.ts";
import { endCycle, regulate, startRegulator } from "./regulator.ts";

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
  /** False while somebody else decides about the heater (manual mode, fault). */
  readonly inCharge: boolean;
  readonly nowMs: Millis;
}

export interface LawState {
  /** Undefined before the first reading. */
  readonly filter: FilterState | undefined;
  readonly regulator: RegulatorState;
  readonly cycle: CycleState;
  readonly target: Celsius | undefined;
  readonly lastMs: Millis | undefined;
}

export interface LawOutput {
  readonly state: LawState;
  /** Share of full power that the room needs now; with the hysteresis law 0 or 100. */
  readonly demand: DutyPercent;
  readonly heat: boolean;
}

/** Nobody knows what happened in a longer gap between readings: the integrals count no more than this of it. */
const maxStepS = 60;
/** A longer one (a set-back, a hot afternoon) says nothing about how the room swings with the heater. */
const maxCycle = minutes(30);

/** The state before the first reading. It serves both laws, so the law can be changed while running. */
export const startLaw: LawState = {
  filter: undefined,
  regulator: startRegulator,
  cycle: startCycle,
  target: undefined,
  lastMs: undefined,
};

/** One accepted reading in, one wish out. Call it once per accepted reading, at any spacing. */
export function lawStep(state: LawState, settings: LawSettings, input: LawInput): LawOutput {
  const { target, nowMs } = input;
  const lastMs = state.lastMs ?? nowMs;
  const elapsedS = Math.max(0, nowMs - lastMs) / 1000;
  const filtered = filter(state.filter, input.temperature, elapsedS);
  const { state: followed, started } = follow(state.cycle, input.heaterOn, lastMs);
  const sinceStart = lastMs - (state.cycle.startedMs ?? Number.NEGATIVE_INFINITY);
  const ordinary = started && input.inCharge && sinceStart <= maxCycle;
  const noted: LawState = {
    filter: filtered,
    regulator: started ? endCycle(state.regulator, ordinary) : state.regulator,
    // A person who asks for warmth is served at once: a new set-point does not wait for the cycle.
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
  const end = debtEnd(times);
  const { state: regulator, demand } = regulate(state.regulator, {
    error: input.target - filtered.smooth,
    slope: slope(filtered),
    stepS,
    mayRise: input.inCharge && state.cycle.owed < end,
    mayFall: input.inCharge && state.cycle.owed > -end,
  });
  // Nobody owes for the time in which somebody else decided, and its swing is not the law's.
  const cycle = input.inCharge ? account(state.cycle, demand, stepS, times) : { ...state.cycle, owed: 0 };
  return {
    state: { ...state, regulator: input.inCharge ? regulator : { ...regulator, range: undefined }, cycle },
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
  return { state: { ...state, cycle: { ...state.cycle, owed: 0 } }, demand: duty(wanted ? 100 : 0), heat };
}
