/**
 * The heating law: from readings and set-point to "heat or not", as a pure function.
 *
 * Guarantee: no input sequence makes the state non-finite or unbounded; the demand is always 0 to 100 %.
 * The law only wishes: minimum times and safety decide after it, and their decision comes back as `heaterOn`.
 */
import type { Celsius, DutyPercent, Kelvin, Millis } from "./units.ts";
import { duty } from "./units.ts";

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
  /** Smoothed temperature (°C); undefined before the first reading. */
  readonly smooth: number | undefined;
  /** Integral share of the demand, 0 to 1. */
  readonly integral: number;
  /** Heat asked for and not yet given, in seconds of full power. */
  readonly owed: number;
  readonly heat: boolean;
  readonly lastMs: number | undefined;
}

export interface LawOutput {
  readonly state: LawState;
  readonly demand: DutyPercent;
  readonly heat: boolean;
}

const gain = 0.5;
const integralTimeS = 3600;
const smoothingS = 120;
const longestStepS = 60;
const debtS = 75;

/** The state before the first reading. */
export function startLaw(_settings: LawSettings): LawState {
  return { smooth: undefined, integral: 0, owed: 0, heat: false, lastMs: undefined };
}

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/** One accepted reading in, one wish out. Call it once per accepted reading, at any spacing. */
export function lawStep(state: LawState, settings: LawSettings, input: LawInput): LawOutput {
  const elapsedS = Math.max(0, (input.nowMs - (state.lastMs ?? input.nowMs)) / 1000);
  const stepS = Math.min(elapsedS, longestStepS);
  const before = state.smooth ?? input.temperature;
  const smooth = before + (input.temperature - before) * (1 - Math.exp(-elapsedS / smoothingS));
  return settings.law === "hysteresis"
    ? hysteresisStep(state, settings, input, smooth)
    : proportionalStep(state, input, smooth, stepS);
}

function hysteresisStep(state: LawState, settings: LawSettings, input: LawInput, smooth: number): LawOutput {
  const error = input.target - input.temperature;
  const heat = error >= settings.hysteresis || (error > -settings.hysteresis && input.heaterOn);
  return {
    state: { ...state, smooth, heat, lastMs: input.nowMs },
    demand: duty(heat ? 100 : 0),
    heat,
  };
}

function proportionalStep(state: LawState, input: LawInput, smooth: number, stepS: number): LawOutput {
  const error = input.target - smooth;
  const proportional = gain * error;
  let integral = state.integral;
  const wanted = proportional + integral;
  const saturated = (wanted >= 1 && error > 0) || (wanted <= 0 && error < 0);
  if (input.inCharge && !saturated)
    integral = clamp(integral + ((gain * error) / integralTimeS) * stepS, 0, 1);
  const demand = clamp(proportional + integral, 0, 1);
  const given = input.heaterOn ? 1 : 0;
  const owed = input.inCharge ? clamp(state.owed + (demand - given) * stepS, -4 * debtS, 4 * debtS) : 0;
  const heat = demand >= 1 || (demand > 0 && (owed >= debtS || (owed > -debtS && input.heaterOn)));
  return {
    state: { smooth, integral, owed, heat, lastMs: input.nowMs },
    demand: duty(demand * 100),
    heat,
  };
}
