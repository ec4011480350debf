/**
 * What the heating law knows of the heater and the room: an immutable value, learned on line and stored.
 *
 * The relay heats the heater's body (a first-order lag), the body heats the air, the air heats the fabric (walls, floor,
 * furniture), and the sensor in its case follows the air (another lag). Losses are not part of it: every rise is the
 * difference that full power makes against no heat. It falls short after some hours, when the warmer room loses more.
 *
 * From relay to reading, with `q` = 1 at full power and s the Laplace variable:
 * `(airRiseK / (1 + airTimeS·s) + fabricRiseKPerH / 3600 / s) / ((1 + heaterLagS·s)(1 + sensorLagS·s))`.
 *
 * Guarantee: all members are finite and within `roomLimits`.
 */

import { isRecord } from "../../base/json/value.ts";

export interface RoomModel {
  /** Time constant of the heater's body (s). */
  readonly heaterLagS: number;
  /** Time constant of the sensor (s). Readings cannot tell it from the heater's: only their pair is certain. */
  readonly sensorLagS: number;
  /** Rise of the air above the fabric at full power, reached with `airTimeS` (K). */
  readonly airRiseK: number;
  /** Time constant in which the air approaches the fabric (s). */
  readonly airTimeS: number;
  /** Rise of the fabric, and of the air with it, at full power (K/h). */
  readonly fabricRiseKPerH: number;
  /** Standard deviation of the noise of one reading (K). */
  readonly noiseK: number;
  /** 0: the untuned default. 1: a day of heating has confirmed it. */
  readonly confidence: number;
  /** Time with changes of heat that it was learned from (min). */
  readonly learnedMinutes: number;
}

/** The untuned default: a room of 15 m² with an oil radiator of 1 kW. */
export const defaultRoom: RoomModel = Object.freeze({
  heaterLagS: 800,
  sensorLagS: 300,
  airRiseK: 6.5,
  airTimeS: 1400,
  fabricRiseKPerH: 1.4,
  noiseK: 0.02,
  confidence: 0,
  learnedMinutes: 0,
});

/** Lowest and highest value of each member. */
export const roomLimits: { readonly [K in keyof RoomModel]: readonly [low: number, high: number] } = {
  heaterLagS: [10, 3600],
  sensorLagS: [10, 3600],
  airRiseK: [0.05, 200],
  airTimeS: [60, 200_000],
  fabricRiseKPerH: [0, 100],
  noiseK: [0, 2],
  confidence: [0, 1],
  learnedMinutes: [0, 1e8],
};

const members = Object.keys(roomLimits) as readonly (keyof RoomModel)[];

/** The model with every member moved into its limits; the default for what is not a finite number. */
export function boundedRoom(room: RoomModel): RoomModel {
  const bounded = members.map((name) => {
    const [low, high] = roomLimits[name];
    const value = room[name];
    return [name, Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : defaultRoom[name]];
  });
  return Object.fromEntries(bounded) as unknown as RoomModel;
}

/**
 * Rise of the sensor's temperature (K) after `seconds` of full power, above what it would be without heat, with the
 * losses of a room that has not warmed yet.
 */
export const riseAfter = (room: RoomModel, seconds: number): number =>
  rise(room, [room.heaterLagS, room.sensorLagS], seconds);

/** The same of the air itself. */
export const airRiseAfter = (room: RoomModel, seconds: number): number =>
  rise(room, [room.heaterLagS], seconds);

function rise(room: RoomModel, lags: readonly number[], seconds: number): number {
  if (!(seconds > 0)) return 0;
  const fast = stepResponse(apart([...lags, room.airTimeS]), seconds);
  const slow = rampResponse(apart(lags), seconds);
  return room.airRiseK * fast + (room.fabricRiseKPerH / 3600) * slow;
}

/** The partial fractions below need time constants that differ; two per cent change the response by less. */
function apart(times: readonly number[]): readonly number[] {
  const all: number[] = [];
  for (const time of [...times].sort((a, b) => a - b)) all.push(Math.max(time, (all.at(-1) ?? 0) * 1.02));
  return all;
}

/** Response of first-order lags in series to a unit step. */
const stepResponse = (times: readonly number[], seconds: number): number =>
  1 - partialFractions(times, seconds, times.length - 1);

/** Response of first-order lags in series to a unit ramp (s). */
const rampResponse = (times: readonly number[], seconds: number): number =>
  seconds - times.reduce((sum, time) => sum + time, 0) + partialFractions(times, seconds, times.length);

function partialFractions(times: readonly number[], seconds: number, power: number): number {
  return times.reduce((sum, time, index) => {
    const others = times.filter((_, other) => other !== index);
    const product = others.reduce((value, other) => value * (time - other), 1);
    return sum + (time ** power / product) * Math.exp(-seconds / time);
  }, 0);
}

/** What is stored: it cannot make the device heat, but only affects the modulation. */
export type StoredRoom = { readonly [K in keyof RoomModel]: number };

/** Four significant digits, so that the stored form changes only when the model does. */
export const storeRoom = (room: RoomModel): StoredRoom =>
  Object.fromEntries(
    members.map((name) => [name, Number(room[name].toPrecision(4))]),
  ) as unknown as StoredRoom;

/** @param value e.g. parsed JSON; `undefined` for anything but a model within its limits */
export function parseRoom(value: unknown): RoomModel | undefined {
  if (!isRecord(value)) return undefined;
  const valid = members.every((name) => {
    const [low, high] = roomLimits[name];
    const member = value[name];
    return typeof member === "number" && member >= low && member <= high;
  });
  if (!valid) return undefined;
  return Object.fromEntries(members.map((name) => [name, value[name]])) as unknown as RoomModel;
}
