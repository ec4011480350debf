/**
 * Detects an opened window: the room loses heat much faster than its model allows. The law then pauses heat
 * and learning.
 *
 * Guarantees: a pause lasts half an hour at most, and another one begins half an hour after that at the earliest; a model
 * whose forecasts have not been checked for two hours sees no windows. Frost protection is independent of the law.
 */
import type { TrackedModel } from "./learn.ts";
import { ratesOf } from "./rates.ts";

export interface WindowState {
  /** Load before the window opened: its average over an hour. */
  readonly load: number | undefined;
  /** For how long it has been open (s); undefined while it is shut. */
  readonly openS: number | undefined;
  /** Greatest loss since then, as a share of full power. */
  readonly loss: number;
  /** Until another pause may begin (s). */
  readonly restS: number;
}

export const shutWindow: WindowState = { load: undefined, openS: undefined, loss: 0, restS: 0 };

const memoryS = 3600;
/** Loss beyond the average load, as a share of full power. */
const leastLoss = 0.3;
/** Fall of the air (K/h); other thermostats take 3 as well. */
const leastFall = 3;
/** How far the readings must be below the forecast: in K, and in multiples of its usual error. */
const leastError = 0.4;
const leastDeviations = 4;
const checkedForecasts = 12;
/** The window counts as shut when this share of the loss has gone. */
const recovered = 0.6;
const shortestS = 180;
const longestS = 1800;

/** @param elapsedS since the last call */
export function watchWindow(state: WindowState, room: TrackedModel, elapsedS: number): WindowState {
  const { load, thermal } = room.estimate;
  const usual = state.load ?? load;
  const rates = ratesOf(room.room);
  const slope = rates.air * (thermal.heater + load) - rates.airFabric * (thermal.air - thermal.fabric);
  const loss = usual - load;
  if (state.openS !== undefined) {
    const openS = state.openS + elapsedS;
    const most = Math.max(state.loss, loss);
    const isShut = openS >= shortestS && (loss < (1 - recovered) * most || slope >= 0);
    if (isShut || openS >= longestS) {
      return { load: isShut ? usual : load, openS: undefined, loss: 0, restS: isShut ? 0 : longestS };
    }
    return { ...state, openS, loss: most };
  }
  const restS = Math.max(0, state.restS - elapsedS);
  const { error } = room.forecast;
  const isOpen =
    restS === 0 &&
    room.count >= checkedForecasts &&
    loss >= leastLoss &&
    slope * 3600 <= -leastFall &&
    error <= -Math.max(leastError, leastDeviations * Math.sqrt(room.square));
  if (isOpen) return { load: usual, openS: 0, loss, restS };
  return {
    load: usual + (load - usual) * (1 - Math.exp(-elapsedS / memoryS)),
    openS: undefined,
    loss: 0,
    restS,
  };
}
