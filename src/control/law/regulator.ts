/**
 * How much heat the room needs: the constant demand with which the model brings the air to the set-point along a curve.
 *
 * The error at the end of the horizon counts most, so that heat stored in the heater's body is known to come and heating
 * ends early. There is no integral that could wind up: what is unknown is the estimated load.
 */
import type { Rates } from "./rates.ts";
import { ratesOf } from "./rates.ts";
import type { EstimateState, Thermal } from "./room-estimate.ts";
import { advance, noHeat, reference } from "./room-estimate.ts";
import type { RoomModel } from "./room-model.ts";

/** The horizon: as a share of the lags between relay and reading, and at least (s). */
const horizonPerLag = 0.9;
const leastHorizonS = 300;
/** The error shall fall to a third in this share of the horizon. */
const curveShare = 0.5;
const points = 5;

export const horizonOf = (room: RoomModel): number =>
  leastHorizonS + horizonPerLag * (room.heaterLagS + room.sensorLagS);

/** @returns the share of full power, 0 to 1 */
export function demandFor(room: RoomModel, estimate: EstimateState, target: number): number {
  return Math.min(1, Math.max(0, wantedPower(room, estimate, target)));
}

/** The same without limits: above 1 when full power does not suffice. */
export function wantedPower(room: RoomModel, estimate: EstimateState, target: number): number {
  const rates = ratesOf(room);
  const horizon = horizonOf(room);
  const stepS = horizon / points;
  const { thermal, ripple, load } = estimate;
  let free: Thermal = {
    heater: thermal.heater - ripple.heater,
    air: thermal.air - ripple.air,
    fabric: thermal.fabric - ripple.fabric,
  };
  let heated = noHeat;
  const missing = target - reference - free.air;
  let [product, square] = [0, 0];
  for (let point = 1; point <= points; point++) {
    free = advance(rates, free, 0, load, stepS);
    heated = advance(rates, heated, 1, 0, stepS);
    const wanted = target - reference - missing * Math.exp(-point / points / curveShare);
    product += heated.air * (wanted - free.air);
    square += heated.air * heated.air;
  }
  return square > 0 ? product / square : 0;
}

/** Peak to peak of the air (K) with that duty in cycles of `cycleS`: the fundamental and, for fast heaters, its edges. */
export function rippleOf(rates: Rates, duty: number, cycleS: number): number {
  const w = (2 * Math.PI) / cycleS;
  const heater = w / rates.heater;
  const body = 1 / Math.hypot(1, heater);
  const air = rates.air / Math.hypot(w, rates.airFabric);
  const fundamental = (4 / Math.PI) * Math.sin(Math.PI * duty) * body * air;
  // Without a lag the air moves in triangles, whose peaks exceed their fundamental by 23 %.
  return fundamental * (1 + 0.23 / (1 + (heater / 3) ** 2));
}
