/**
 * Time-proportional modulation: turns a demand into on and off, and never forgets heat that it owes.
 *
 * The debt is the heat asked for minus the heat given, in seconds of full power; given is what the heater was
 * really told, so that minimum times and safety rules are paid back (sigma-delta modulation). Starts are a cycle
 * apart at least, so a relay's life is planned, not hoped for. Within the cycle the heater stops when the debt has
 * fallen so far that it will be back at its starting value one cycle after the start.
 */
export interface CycleState {
  /** Heat asked for and not given (s of full power). */
  readonly owed: number;
  /** What the heater was told last. */
  readonly on: boolean;
  /** When the heater last started; undefined when the next start need not wait for the cycle. */
  readonly startedMs: number | undefined;
  /** The debt at that start. */
  readonly owedAtStart: number;
}

export interface CycleTimes {
  readonly minimumOnS: number;
  readonly minimumOffS: number;
}

/** Nine minutes, 6.7 starts an hour: an oil radiator then ripples by 0.1 K, and a relay lasts three years. */
export const cycleS = 540;
/** A debt older than this is forgotten: nobody wants last hour's heat now. */
const maxOwedS = 200;

/** Less of the band than this is not worth a start, even when the cycle is over. */
const startShare = 0.3;

export const startCycle: CycleState = { owed: 0, on: false, startedMs: undefined, owedAtStart: 0 };

/** Takes note of what the heater was told since `sinceMs`; `started`: it went on then. */
export function follow(
  state: CycleState,
  heaterOn: boolean,
  sinceMs: number,
): { readonly state: CycleState; readonly started: boolean } {
  const started = heaterOn && !state.on;
  if (!started) return { state: { ...state, on: heaterOn }, started };
  return { state: { owed: state.owed, on: true, startedMs: sinceMs, owedAtStart: state.owed }, started };
}

/** Adds the heat asked for and takes off the heat given in `stepS`. */
export function account(state: CycleState, demand: number, stepS: number, times: CycleTimes): CycleState {
  const end = debtEnd(times);
  const owed = state.owed + (demand - (state.on ? 1 : 0)) * stepS;
  return { ...state, owed: Math.min(end, Math.max(-end, owed)) };
}

/** The debt at which counting ends: what minimum times alone can cause must fit in. */
export function debtEnd(times: CycleTimes): number {
  return Math.max(maxOwedS, times.minimumOnS, times.minimumOffS);
}

/** Whether a start now would be a whole cycle after the last one. */
export function mayStart(state: CycleState, nowMs: number): boolean {
  return state.startedMs === undefined || nowMs - state.startedMs >= cycleS * 1000;
}

/** Heat or not, for a demand of 0 to 1. */
export function modulate(state: CycleState, demand: number, times: CycleTimes, nowMs: number): boolean {
  if (demand <= 0) return false;
  const length = Math.max(cycleS, times.minimumOnS / demand, times.minimumOffS / Math.max(1e-6, 1 - demand));
  // With a steady demand the debt runs between +band and −band.
  const band = Math.min(debtEnd(times), (demand * (1 - demand) * length) / 2);
  if (!state.on) {
    if (!mayStart(state, nowMs)) return false;
    const runsLongEnough = times.minimumOnS * (1 - demand) - band;
    return demand >= 1 || state.owed >= Math.max(startShare * band, runsLongEnough);
  }
  if (demand >= 1) return true;
  const runningS = state.startedMs === undefined ? length : (nowMs - state.startedMs) / 1000;
  // A fixed end at −band would double every error from cycle to cycle once the demand passes one half.
  const correction = runningS < length ? demand * (state.owedAtStart - band) : 0;
  return state.owed > correction - band;
}
