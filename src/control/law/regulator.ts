/**
 * Proportional-integral regulator with lead: how much heat the room needs.
 *
 * Lead: the heater's body and the sensor's case delay the warming by some minutes; the law extrapolates the temperature
 * that far along its slope (not the error's, so that a new set-point causes no kick).
 * Anti-windup: the integral stops when the demand is at a limit and the error pushes it further, and when the delivered
 * heat is not the demanded heat (minimum times, a safety rule).
 * Gain: a fast heater in a light room swings the temperature with every cycle. The law measures that swing and lowers
 * its gain in proportion, not below `lowestGainShare`, so that it does not react to its own cycles. The gain never
 * exceeds the value for a slow room, and recovers when the swing ends.
 */
export interface RegulatorState {
  /** The integral's part of the demand, 0 to 1. */
  readonly integral: number;
  /** Swing of the extrapolated error over a few cycles (K). */
  readonly swing: number;
  /** The same, at the last measurement only (K). */
  readonly lastSwing: number;
  /** The range of the extrapolated error since the last measurement; undefined before the first step after it. */
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
/** A smaller swing is adopted gradually, a larger one at once. */
const swingMemory = 0.7;
/** Cycles per measurement of the swing, since the law's own oscillation is slower than one cycle. */
const cyclesPerMeasurement = 3;
const integralTimeS = 2700;
const lookAheadS = 420;
/** A large error means that the set-point is far away, not that the integral is wrong. */
const largestIntegratedError = 2;

/** A third of full power: typical for a heater of usual size on an average day. */
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
  const isLimited = push > 0 ? wanted >= 1 || !input.mayRise : wanted <= 0 || !input.mayFall;
  const integral = isLimited ? state.integral : clamp(state.integral + push, 0, 1);
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
 * Call it when a start of the heater ends a cycle. `whole`: a regular cycle, whose swing counts. Drift over the window
 * is subtracted from the swing.
 */
export function endCycle(state: RegulatorState, whole: boolean): RegulatorState {
  if (!whole || !state.range) return { ...state, range: undefined };
  const cycles = state.range.cycles + 1;
  if (cycles < cyclesPerMeasurement) return { ...state, range: { ...state.range, cycles } };
  const { first, low, high, last } = state.range;
  const seen = Math.max(0, high - low - Math.abs(last - first));
  // Confirmed twice in a row: opening a window once is a disturbance, not a property of the room.
  const confirmed = Math.min(seen, state.lastSwing);
  const swing = Math.max(confirmed, swingMemory * state.swing + (1 - swingMemory) * confirmed);
  return { integral: state.integral, swing, lastSwing: seen, range: undefined };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
