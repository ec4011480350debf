/**
 * Estimates what cannot be read: the air behind the sensor's lag, the fabric, and the load, by a Kalman filter on the
 * room model. The load is an unknown power on the air, in shares of full power: losses, sun, people, windows.
 *
 * What the relay gave beyond the demand is simulated apart (`ripple`), so that the law does not react to its own cycles.
 *
 * Temperatures are relative to `reference`, so that the load is that of a room at an ordinary temperature.
 * Guarantee: the covariance stays symmetric and bounded; a gap of readings only makes the estimate less certain.
 */
import type { Average } from "./readings.ts";
import type { RoomModel } from "./room-model.ts";

/** °C. */
export const reference = 20;
/** Steady rise of an ordinary room at full power (K): says how fast the fabric loses heat to the outside. */
const steadyRise = 45;

/** The model's coefficients, per second. */
export interface Rates {
  readonly heater: number;
  readonly sensor: number;
  /** Warming of the air at full power (K/s). */
  readonly air: number;
  /** Air towards fabric, fabric towards air, fabric towards the outside. */
  readonly airFabric: number;
  readonly fabricAir: number;
  readonly fabricOut: number;
}

export function ratesOf(room: RoomModel): Rates {
  const fabric = room.fabricRiseKPerH / 3600;
  const air = room.airRiseK / room.airTimeS + fabric;
  const fabricAir = fabric / (air * room.airTimeS);
  return {
    heater: 1 / room.heaterLagS,
    sensor: 1 / room.sensorLagS,
    air,
    airFabric: Math.max(1 / room.airTimeS - fabricAir, 0.02 / room.airTimeS),
    fabricAir,
    fabricOut: fabric / steadyRise,
  };
}

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

/** What a model expects of the readings to come, without looking at them. */
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
  /** Covariance of sensor, air, fabric and load; 16 numbers, row by row. */
  readonly covariance: readonly number[];
  /** Smoothed square of the innovation over its variance: 1 when the model explains the readings. */
  readonly surprise: number;
}

/** Standard deviations at the start (K, share of full power). */
const startDeviation = [0.3, 0.5, 1, 0.4];
/** Random walk of the load: share of full power in an hour. */
const loadWalk = 0.05;
/** The same of the air's own temperature (K) and of the fabric's. */
const airWalk = 0.03;
const fabricWalk = 0.02;
/** A larger surprise than expected widens the walk of the load so many times at most. */
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
    covariance: startDeviation.flatMap((deviation, row) =>
      startDeviation.map((_, column) => (row === column ? deviation * deviation : 0)),
    ),
    surprise: 1,
  };
}

/** Less certain by so much, after a change of the model or a gap. */
export const loosen = (state: EstimateState): EstimateState => ({
  ...state,
  covariance: state.covariance.map(
    (value, index) => value + (index % 5 === 0 ? ([0.01, 0.04, 0.1, 0.01][index / 5] ?? 0) : 0),
  ),
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
  const p = predictCovariance(state.covariance, rates, elapsedS, widen);
  const expected = (p[0] ?? 0) + variance;
  const innovation = temperature - reference - (sensor + state.sensor) / 2;
  const gains = [0, 4, 8, 12].map((row) => (p[row] ?? 0) / expected);
  const [g0 = 0, g1 = 0, g2 = 0, g3 = 0] = gains;
  const covariance = p.map((value, index) => value - (gains[index >> 2] ?? 0) * (p[index & 3] ?? 0));
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
    covariance,
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

/** The forecast after one more average, which it only compares. */
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

function predictCovariance(
  before: readonly number[],
  rates: Rates,
  seconds: number,
  widen: number,
): number[] {
  const t = transition(rates, seconds);
  const half = multiply(t, before);
  const p = multiplyTransposed(half, t);
  const hours = seconds / 3600;
  p[0] = (p[0] ?? 0) + 1e-7;
  p[5] = (p[5] ?? 0) + airWalk * airWalk * hours;
  p[10] = (p[10] ?? 0) + fabricWalk * fabricWalk * hours;
  p[15] = (p[15] ?? 0) + loadWalk * loadWalk * hours * widen;
  for (let index = 0; index < 16; index += 5) p[index] = Math.min(1e3, p[index] ?? 0);
  return p;
}

/** Transition of sensor, air, fabric and load. */
function transition(rates: Rates, seconds: number): number[] {
  const fastest = Math.max(rates.sensor, rates.airFabric);
  const doublings = Math.max(0, Math.ceil(Math.log2((seconds * fastest) / 0.25)));
  const h = seconds / 2 ** doublings;
  const { sensor, air, airFabric, fabricAir, fabricOut } = rates;
  // biome-ignore format: a matrix
  const a = [
    -sensor, sensor, 0, 0,
    0, -airFabric, airFabric, air,
    0, fabricAir, -fabricAir - fabricOut, 0,
    0, 0, 0, 0,
  ];
  const ah = a.map((value) => value * h);
  const square = multiply(ah, ah);
  let result = ah.map((value, index) => value + (square[index] ?? 0) / 2 + (index % 5 === 0 ? 1 : 0));
  for (let round = 0; round < doublings; round++) result = multiply(result, result);
  return result;
}

function multiply(a: readonly number[], b: readonly number[]): number[] {
  const result = [...a];
  for (let row = 0; row < 16; row += 4) {
    for (let column = 0; column < 4; column++) {
      result[row + column] =
        (a[row] ?? 0) * (b[column] ?? 0) +
        (a[row + 1] ?? 0) * (b[column + 4] ?? 0) +
        (a[row + 2] ?? 0) * (b[column + 8] ?? 0) +
        (a[row + 3] ?? 0) * (b[column + 12] ?? 0);
    }
  }
  return result;
}

function multiplyTransposed(a: readonly number[], b: readonly number[]): number[] {
  const result = [...a];
  for (let row = 0; row < 16; row += 4) {
    for (let column = 0; column < 16; column += 4) {
      result[row + column / 4] =
        (a[row] ?? 0) * (b[column] ?? 0) +
        (a[row + 1] ?? 0) * (b[column + 1] ?? 0) +
        (a[row + 2] ?? 0) * (b[column + 2] ?? 0) +
        (a[row + 3] ?? 0) * (b[column + 3] ?? 0);
    }
  }
  return result;
}
