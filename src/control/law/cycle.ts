/**
 * Time-proportional modulation: converts a demand into on and off (sigma-delta modulation).
 *
 * The deficit is the heat demanded minus the heat delivered, in seconds of full power. Delivered heat follows the actual
 * heater command, so that the effects of minimum times and safety rules are compensated. Starts are at least one cycle
 * apart, for the life of the relay. Within the cycle the heater stops when the deficit is so low that it will be back at
 * its starting value one cycle after the start.
 */
export interface CycleState {
  /** Heat demanded and not delivered (s of full power). */
  readonly deficit: number;
  /** The last heater command. */
  readonly on: boolean;
  /** When the heater last started; undefined when the next start need not wait for the cycle. */
  readonly startedMs: number | undefined;
  /** The deficit at that start. */
  readonly deficitAtStart: number;
  /** Length of the cycle (s): see cycle-length.ts. */
  readonly lengthS: number;
  /** The shortest that the settings allow (s). */
  readonly shortestS: number;
}

export interface CycleTimes {
  readonly minimumOnS: number;
  readonly minimumOffS: number;
}

/** Limit of the deficit, at least (s), and as a share of the cycle: old deficits are not compensated. */
const deficitLimitS = 60;
const deficitLimitShare = 0.2;
/** At a limit of the demand no heat is owed: time constant in which a deficit is dropped (s). */
const dropS = 120;

/** Minimum share of the band for a start. */
const minStartShare = 0.3;
/** A deficit of so many bands does not wait for the end of the cycle. */
const early = 1.6;

export const startCycle: CycleState = {
  deficit: 0,
  on: false,
  startedMs: undefined,
  deficitAtStart: 0,
  lengthS: 600,
  shortestS: 600,
};

/** Follows the heater command in force since `sinceMs`; `started`: it was switched on then. */
export function follow(state: CycleState, heaterOn: boolean, sinceMs: number): CycleState {
  if (!heaterOn || state.on) return { ...state, on: heaterOn };
  return { ...state, on: true, startedMs: sinceMs, deficitAtStart: state.deficit };
}

/** Adds the demanded heat and subtracts the delivered heat of `stepS`. */
export function updateDeficit(
  state: CycleState,
  demand: number,
  stepS: number,
  times: CycleTimes,
): CycleState {
  if (demand <= 0 || demand >= 1) return { ...state, deficit: state.deficit * Math.exp(-stepS / dropS) };
  const end = maxDeficit(state, times);
  const owed = state.deficit + (demand - (state.on ? 1 : 0)) * stepS;
  return { ...state, deficit: Math.min(end, Math.max(-end, owed)) };
}

/** The limit of the deficit; at least what minimum times and a cycle can cause. */
export function maxDeficit({ lengthS }: CycleState, times: CycleTimes): number {
  return Math.max(deficitLimitS, deficitLimitShare * lengthS, times.minimumOnS, times.minimumOffS);
}

/** Whether the last start is at least one cycle ago; the shortest one when heat is urgent. */
export function mayStart(state: CycleState, nowMs: number, urgent = false): boolean {
  const { startedMs, lengthS, shortestS } = state;
  return startedMs === undefined || nowMs - startedMs >= (urgent ? shortestS : lengthS) * 1000;
}

/** Heat or not, for a demand of 0 to 1. */
export function modulate(state: CycleState, demand: number, times: CycleTimes, nowMs: number): boolean {
  if (demand <= 0) return false;
  const length = Math.max(
    state.lengthS,
    times.minimumOnS / demand,
    times.minimumOffS / Math.max(1e-6, 1 - demand),
  );
  // With a steady demand the deficit moves between +band and −band.
  const band = Math.min(maxDeficit(state, times), (demand * (1 - demand) * length) / 2);
  if (!state.on) {
    if (!mayStart(state, nowMs, demand >= 1 || state.deficit > early * band)) return false;
    const runsLongEnough = times.minimumOnS * (1 - demand) - band;
    return demand >= 1 || state.deficit >= Math.max(minStartShare * band, runsLongEnough);
  }
  if (demand >= 1) return true;
  const runningS = state.startedMs === undefined ? length : (nowMs - state.startedMs) / 1000;
  // A fixed end at −band would double every error from cycle to cycle once the demand passes one half.
  const correction = runningS < length ? demand * (state.deficitAtStart - band) : 0;
  return state.deficit > correction - band;
}
