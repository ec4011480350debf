/**
 * What the device says about itself: few messages, each with everything that belongs together.
 *
 * Guarantees: a reading goes out every `intervalSeconds`, and at once when the heater, the mode or the set-point has
 * changed, but never twice within 5 s: a change in that time goes when it is over. Each fault that began or ended is a
 * message of its own; a fault that flickers is held to one message in half a minute, after a first twenty, and what
 * was held back is counted. Numbers are rounded to what the sensor can tell; what is not known, or outside the model's limits,
 * is missing.
 * Pure: time is an argument, and monotonic.
 */

import { type Bucket, type BucketLimits, refilled } from "../base/rate-limit.ts";
import { type Millis, millis, seconds } from "../base/units.ts";
import type { Look } from "../control/look.ts";
import { type TelemetryName, type TelemetryValues, telemetry, validateValue } from "../model/cloud-model.ts";

/** The bucket is for fault messages. */
export interface TelemetryState extends Bucket {
  /** When the next regular reading is due; `undefined` before the first look. */
  readonly dueAt: Millis | undefined;
  readonly sentAt: Millis;
  /** What the last reading said of the things that are sent on change. */
  readonly said: string;
  readonly heldBack: number;
}

export interface TelemetryResult {
  readonly state: TelemetryState;
  /** Bodies to be sent, in this order. */
  readonly messages: readonly TelemetryValues[];
}

/** Two readings are so far apart at least, however often somebody toggles. */
const closest = seconds(5);
/** A new device waits so long for its sensor, so that the first reading is a whole one. */
const sensorGrace = seconds(10);
const faultLimits: BucketLimits = { most: 20, perToken: seconds(30) };

export function startTelemetry(nowMs: Millis): TelemetryState {
  return {
    dueAt: undefined,
    sentAt: millis(nowMs - closest),
    said: "",
    tokens: faultLimits.most,
    countedAt: nowMs,
    heldBack: 0,
  };
}

/** Whether it tells of a thing that happened, which no later message repeats. */
export const isEvent = (message: TelemetryValues): boolean =>
  Object.keys(message).some((name) => telemetry[name as TelemetryName].event);

/** @param intervalSeconds in force now; a new one counts from the last regular reading at the latest */
export function shapeTelemetry(
  before: TelemetryState,
  observation: Look,
  intervalSeconds: number,
  nowMs: Millis,
): TelemetryResult {
  const faults = shapeFaults(before, observation, nowMs);
  const state = faults.state;
  const interval = seconds(intervalSeconds);
  const first = observation.temperature === undefined ? millis(nowMs + sensorGrace) : nowMs;
  const planned = state.dueAt ?? first;
  // The interval was shortened, or the first reading need not be waited for any longer.
  const dueAt =
    state.said === "" ? millis(Math.min(planned, first)) : millis(Math.min(planned, nowMs + interval));
  const regular = nowMs >= dueAt;
  const now = changing(observation);
  const changed = state.said !== "" && now !== state.said && nowMs - state.sentAt >= closest;
  if (!regular && !changed) return { state: { ...state, dueAt }, messages: faults.messages };
  return {
    state: { ...state, dueAt: regular ? nextDue(dueAt, interval, nowMs) : dueAt, sentAt: nowMs, said: now },
    messages: [...faults.messages, reading(observation)],
  };
}

/** On the beat of the last one; a device that was away does not make up for what it missed. */
function nextDue(dueAt: Millis, interval: Millis, nowMs: Millis): Millis {
  const next = dueAt + interval;
  return millis(next > nowMs ? next : nowMs + interval);
}

const changing = ({ heaterOn, automatic, setPoint }: Look) => JSON.stringify([heaterOn, automatic, setPoint]);

/** The SHT31 repeats to 0.04 °C and 0.08 % (data sheet, tables 1 and 2, high repeatability). */
function reading(observation: Look): TelemetryValues {
  const { temperature, humidity, setPoint, heatingDemand, heaterOn, automatic } = observation;
  return {
    ...rounded("temperature", temperature, 100),
    ...rounded("humidity", humidity, 10),
    ...rounded("setPoint", setPoint, 10),
    ...rounded("heatingDemand", heatingDemand, 1),
    heaterOn,
    automatic,
  };
}

type NumberName = "temperature" | "humidity" | "setPoint" | "heatingDemand";

function rounded(name: NumberName, value: number | undefined, perUnit: number): TelemetryValues {
  if (value === undefined) return {};
  // Adding 0 makes −0 a 0.
  const round = Math.round(value * perUnit) / perUnit + 0;
  return validateValue(telemetry[name].schema, round) === undefined ? { [name]: round } : {};
}

function shapeFaults(before: TelemetryState, { raised, ended }: Look, nowMs: Millis): TelemetryResult {
  const { tokens, countedAt } = refilled(before, nowMs, faultLimits);
  const all: readonly TelemetryValues[] = [
    ...raised.map((faultRaised) => ({ faultRaised })),
    ...ended.map((faultEnded) => ({ faultEnded })),
  ];
  const messages = all.slice(0, Math.floor(tokens));
  const heldBack = before.heldBack + all.length - messages.length;
  return { state: { ...before, tokens: tokens - messages.length, countedAt, heldBack }, messages };
}
