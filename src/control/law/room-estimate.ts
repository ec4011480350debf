/**
 * Estimates what cannot be read: the air behind the sensor's lag, the fabric, and the load, by a Kalman filter on the
 * room model. The load is an unknown power on the air, in shares of full power: losses, sun, people, windows.
 *
 * The heat that the relay gave beyond the demand is simulated separately (`ripple`), so that the law does not
 * react to its own cycles.
 *
 * Temperatures are relative to `reference`, so that the load is that of a room at an ordinary temperature.
 * Guarantee: the covariance stays symmetric and bounded; a gap of readings only makes the estimate less certain.
 */
import type { Covariance } from "./covariance.ts";
import { corrected, lessCertainCovariance, predicted, startCovariance } from "./covariance.ts";
import type { Rates } from "./rates.ts";
import { ratesOf } from "./rates.ts";
import type { Average } from "./readings.ts";
import type { RoomModel } from "./room-model.ts";

/** °C. */
export const reference = 20;
/** Heater's body (share of full power), air and fabric (K). */
export interface Thermal {
  readonly heater: number;
  readonly air: number;
  readonly fabric: number;
}

/** `on`: heat given beyond the demand, as a share of full power; `keep`: what remains of the older ripple. */
export interface Excess {
  readonly on: number;
  readonly keep: number;
}

/** A model's forecast of the readings, which is not corrected by them. */
export interface Forecast {
  readonly thermal: Thermal;
  readonly sensor: number;
  readonly load: number;
  readonly seconds: number;
  /** Smoothed difference of the readings to it (K). */
  readonly error: number;
}

export const noHeat: Thermal = { heater: 0, air: 0, fabric: 0 };

export interface EstimateState {
  readonly thermal: Thermal;
  readonly sensor: number;
  /** Share of full power; negative while the room loses heat. */
  readonly load: number;
  /** Effect of the heat given beyond the demand. */
  readonly ripple: Thermal;
  readonly covariance: Covariance;
  /** Smoothed square of the innovation over its variance: 1 when the model explains the readings. */
  readonly surprise: number;
}

/** Larger innovations than expected widen the random walk of the load by at most this factor. */
const mostSurprise = 30;
const surpriseMemoryS = 400;
/** Limits of the estimate: temperatures (K from the reference) and load (shares of full power). */
const widest = 200;
const largestLoad = 20;
/** Longest step of the integration, as a share of the shortest time constant. */
const stepShare = 0.5;

/** A room in balance at that temperature, with a load that calls for `demand`. */
export function startEstimate(temperature: number, demand: number): EstimateState {
  const level = temperature - reference;
  return {
    thermal: { heater: 0, air: level, fabric: level },
    sensor: level,
    load: -demand,
    ripple: noHeat,
    covariance: startCovariance,
    surprise: 1,
  };
}

/** Less certain, after a change of the model or a gap. */
export const lessCertain = (state: EstimateState): EstimateState => ({
  ...state,
  covariance: lessCertainCovariance(state.covariance),
});

/** The room's own parts after `seconds` at that power from heater body on. */
export function advance(rates: Rates, from: Thermal, on: number, load: number, seconds: number): Thermal {
  let { heater, air, fabric } = from;
  const fastest = Math.max(rates.heater, rates.airFabric);
  const steps = Math.max(1, Math.ceil((seconds * fastest) / stepShare));
  const step = seconds / steps;
  const keep = Math.exp(-rates.heater * step);
  const shared = (1 - keep) / (rates.heater * step);
  for (let index = 0; index < steps; index++) {
    const mean = on + (heater - on) * shared;
    heater = on + (heater - on) * keep;
    const flow = rates.airFabric * (air - fabric);
    const intoFabric = rates.fabricAir * (air - fabric) - rates.fabricOut * fabric;
    air += step * (rates.air * (mean + load) - flow);
    fabric += step * intoFabric;
  }
  return { heater, air, fabric };
}

const shifted = ({ heater, air, fabric }: Thermal, by: number): Thermal => ({
  heater,
  air: air + by,
  fabric: fabric + by,
});

/** Every temperature `by` kelvins higher. */
export const shiftEstimate = (state: EstimateState, by: number): EstimateState => ({
  ...state,
  thermal: shifted(state.thermal, by),
  sensor: state.sensor + by,
});
export const shiftForecast = (state: Forecast, by: number): Forecast => ({
  ...state,
  thermal: shifted(state.thermal, by),
  sensor: state.sensor + by,
});

const bounded = (value: number, limit: number): number => Math.min(limit, Math.max(-limit, value));

const scaled = ({ heater, air, fabric }: Thermal, by: number): Thermal => ({
  heater: heater * by,
  air: air * by,
  fabric: fabric * by,
});

/** The estimate after one more average. */
export function estimate(
  state: EstimateState,
  room: RoomModel,
  average: Average,
  excess: Excess,
): EstimateState {
  const { elapsedS, on, temperature, variance } = average;
  const rates = ratesOf(room);
  const thermal = advance(rates, state.thermal, on, state.load, elapsedS);
  const ripple = scaled(advance(rates, state.ripple, excess.on, 0, elapsedS), excess.keep);
  const air = (state.thermal.air + thermal.air) / 2;
  const sensor = air + (state.sensor - air) * Math.exp(-rates.sensor * elapsedS);
  const widen = Math.min(mostSurprise, Math.max(1, state.surprise));
  const p = predicted(state.covariance, rates, elapsedS, widen);
  const expected = (p[0] ?? 0) + variance;
  const innovation = temperature - reference - (sensor + state.sensor) / 2;
  const { 0: p0 = 0, 4: p1 = 0, 8: p2 = 0, 12: p3 = 0 } = p;
  const [g0, g1, g2, g3] = [p0 / expected, p1 / expected, p2 / expected, p3 / expected];
  const square = Math.min(100, (innovation * innovation) / expected);
  return {
    thermal: {
      heater: thermal.heater,
      air: bounded(thermal.air + g1 * innovation, widest),
      fabric: bounded(thermal.fabric + g2 * innovation, widest),
    },
    sensor: bounded(sensor + g0 * innovation, widest),
    load: bounded(state.load + g3 * innovation, largestLoad),
    ripple,
    covariance: corrected(p, [g0, g1, g2, g3]),
    surprise: state.surprise + (square - state.surprise) * (1 - Math.exp(-elapsedS / surpriseMemoryS)),
  };
}

export const startForecast = ({ thermal, sensor, load }: EstimateState): Forecast => ({
  thermal,
  sensor,
  load,
  seconds: 0,
  error: 0,
});

/** Noise of the readings must not hide the error (s). */
const errorSmoothingS = 150;

/** The forecast after one more average, which is only compared with it. */
export function forecast(before: Forecast, room: RoomModel, average: Average): Forecast {
  const { elapsedS, on, temperature } = average;
  const rates = ratesOf(room);
  const thermal = advance(rates, before.thermal, on, before.load, elapsedS);
  const air = (before.thermal.air + thermal.air) / 2;
  const sensor = air + (before.sensor - air) * Math.exp(-rates.sensor * elapsedS);
  const difference = temperature - reference - (sensor + before.sensor) / 2;
  const error = before.error + (difference - before.error) * (1 - Math.exp(-elapsedS / errorSmoothingS));
  return { thermal, sensor, load: before.load, seconds: before.seconds + elapsedS, error };
}
