/**
 * Proportional-integral regulator with lead: how much heat the room needs.
 *
 * Lead: the heater's body and the sensor's case hide some minutes of warming; the law looks that far ahead along
 * the slope of the temperature (not of the error, so a new set-point does not kick).
 * Anti-windup: the integral stands still when the demand is at an end and the error pushes it further out, and
 * when the heat asked for is not what is given (minimum times, a safety rule).
 * Gain: a quick heater in a light room swings the temperature with every cycle. The law measures that swing and
 * lowers its gain in proportion, never below `lowestGainShare`: it must not chase its own cycles. The gain
 * never rises above the value for a slow room, and it comes back when the swing ends.
 */
export interface RegulatorState {
  /** The integral's part of the demand, 0 to 1. */
  readonly integral: number;
  /** How far the looked-ahead error swings over a few cycles (K). */
  readonly swing: number;
  /** The same, at the last look alone (K). */
  readonly lastSwing: number;
  /** The range of the looked-ahead error since the last look; undefined before the first step after it. */
  readonly range: Range | undefined;
}

interface Range {
  readonly first: number;
  readonly low: number;
  readonly high: number;
  readonly last: number;
  /** Whole cycles seen. */
  readonly cycles: number;
}

export interface RegulatorInput {
  /** Set-point − smoothed temperature (K). */
  readonly error: number;
  /** Warming of the room (K/s). */
  readonly slope: number;
  readonly stepS: number;
  /** The integral may not rise / may not fall now. */
  readonly mayRise: boolean;
  readonly mayFall: boolean;
}

/** Share of full power per kelvin. */
const highestGain = 0.55;
const lowestGainShare = 0.2;
/** Full gain up to this swing (K). */
const swingAtFullGain = 0.08;
/** A smaller swing is believed only gradually, a larger one at once. */
const swingMemory = 0.7;
/** The swing is taken over so many cycles: the law's own swinging is slower than one. */
const cyclesPerLook = 3;
const integralTimeS = 2700;
const lookAheadS = 420;
/** A large error says that the room is far away, not that the integral is wrong. */
const largestIntegratedError = 2;

/** A third of full power: what a heater of the usual size needs on a usual day. */
export const startRegulator: RegulatorState = { integral: 0.3, swing: 0, lastSwing: 0, range: undefined };

/** The state after `stepS` more seconds and the demand, 0 to 1. */
export function regulate(
  state: RegulatorState,
  input: RegulatorInput,
): { readonly state: RegulatorState; readonly demand: number } {
  const ahead = input.error - lookAheadS * input.slope;
  const gain = highestGain * clamp(swingAtFullGain / state.swing, lowestGainShare, 1);
  const error = clamp(input.error, -largestIntegratedError, largestIntegratedError);
  const push = (gain * error * input.stepS) / integralTimeS;
  const wanted = gain * ahead + state.integral;
  const held = push > 0 ? wanted >= 1 || !input.mayRise : wanted <= 0 || !input.mayFall;
  const integral = held ? state.integral : clamp(state.integral + push, 0, 1);
  return {
    state: { ...state, integral, range: widen(state.range, ahead) },
    demand: clamp(gain * ahead + integral, 0, 1),
  };
}

function widen(range: Range | undefined, value: number): Range {
  if (!range) return { first: value, low: value, high: value, last: value, cycles: 0 };
  return { ...range, low: Math.min(range.low, value), high: Math.max(range.high, value), last: value };
}

/**
 * A cycle ended with the heater's start. `whole`: it was an ordinary one, so its swing counts. What the
 * temperature drifted from one end of the window to the other is no swing.
 */
export function endCycle(state: RegulatorState, whole: boolean): RegulatorState {
  if (!whole || !state.range) return { ...state, range: undefined };
  const cycles = state.range.cycles + 1;
  if (cycles < cyclesPerLook) return { ...state, range: { ...state.range, cycles } };
  const { first, low, high, last } = state.range;
  const seen = Math.max(0, high - low - Math.abs(last - first));
  // Twice in a row: a window opened once is a disturbance, not the room's way.
  const sure = Math.min(seen, state.lastSwing);
  const swing = Math.max(sure, swingMemory * state.swing + (1 - swingMemory) * sure);
  return { integral: state.integral, swing, lastSwing: seen, range: undefined };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
