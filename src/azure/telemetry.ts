/**
 * Builds the telemetry messages.
 *
 * Guarantees: a reading is sent every `intervalSeconds`, and at once when heater, mode or set-point change, but at most
 * every 5 s: a change within that time is sent after it. Each begin or end of a fault is a message; after twenty of
 * them, they are limited to one in 30 s, and suppressed ones are counted. Numbers are rounded to the sensor's
 * resolution; unknown values, and values outside the model's limits, are omitted.
 * Pure: time is an argument, and monotonic.
 */

import { type Bucket, type BucketLimits, refilled } from "../base/rate-limit.ts";
import { type Millis, millis, seconds } from "../base/units.ts";
import type { StepSummary } from "../control/step-summary.ts";
import { type OutboxValues, type TelemetryName, telemetry, validateValue } from "../model/cloud-model.ts";

/** The bucket is for fault messages. */
export interface TelemetryState extends Bucket {
  /** When the next regular reading is due; `undefined` before the first call. */
  readonly dueAt: Millis | undefined;
  readonly sentAt: Millis;
  /** The values in the last reading that are sent on change. */
  readonly sentValues: string;
  readonly suppressed: number;
}

export interface TelemetryResult {
  readonly state: TelemetryState;
  /** Message bodies in the order to send. */
  readonly messages: readonly OutboxValues[];
}

/** Minimum time between two readings. */
const minInterval = seconds(5);
/** After the start, how long to wait for the sensor, so that the first reading is complete. */
const sensorGrace = seconds(10);
const faultLimits: BucketLimits = { max: 20, perToken: seconds(30) };

export function startTelemetry(nowMs: Millis): TelemetryState {
  return {
    dueAt: undefined,
    sentAt: millis(nowMs - minInterval),
    sentValues: "",
    tokens: faultLimits.max,
    countedAt: nowMs,
    suppressed: 0,
  };
}

/** Whether it reports an event, which no later message repeats. */
export const isEvent = (message: OutboxValues): boolean =>
  Object.keys(message).some((name) => telemetry[name as TelemetryName].event);

/** @param intervalSeconds in force now; a new one counts from the last regular reading at the latest */
export function shapeTelemetry(
  before: TelemetryState,
  observation: StepSummary,
  intervalSeconds: number,
  nowMs: Millis,
): TelemetryResult {
  const faults = shapeFaults(before, observation, nowMs);
  const state = faults.state;
  const interval = seconds(intervalSeconds);
  const first = observation.temperature === undefined ? millis(nowMs + sensorGrace) : nowMs;
  const planned = state.dueAt ?? first;
  // Earlier than planned if the interval was shortened, or if the sensor has its first reading.
  const dueAt =
    state.sentValues === "" ? millis(Math.min(planned, first)) : millis(Math.min(planned, nowMs + interval));
  const regular = nowMs >= dueAt;
  const now = changeKey(observation);
  const changed = state.sentValues !== "" && now !== state.sentValues && nowMs - state.sentAt >= minInterval;
  if (!regular && !changed) return { state: { ...state, dueAt }, messages: faults.messages };
  return {
    state: {
      ...state,
      dueAt: regular ? nextDue(dueAt, interval, nowMs) : dueAt,
      sentAt: nowMs,
      sentValues: now,
    },
    messages: [...faults.messages, reading(observation)],
  };
}

/** A whole number of intervals after the last one; missed readings are not made up for. */
function nextDue(dueAt: Millis, interval: Millis, nowMs: Millis): Millis {
  const next = dueAt + interval;
  return millis(next > nowMs ? next : nowMs + interval);
}

const changeKey = ({ heaterOn, automatic, setPoint }: StepSummary) =>
  JSON.stringify([heaterOn, automatic, setPoint]);

/** The SHT31 repeats to 0.04 °C and 0.08 % (data sheet, tables 1 and 2, high repeatability). */
function reading(observation: StepSummary): OutboxValues {
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

function rounded(name: NumberName, value: number | undefined, perUnit: number): OutboxValues {
  if (value === undefined) return {};
  // Adding 0 makes −0 a 0.
  const round = Math.round(value * perUnit) / perUnit + 0;
  return validateValue(telemetry[name].schema, round) === undefined ? { [name]: round } : {};
}

function shapeFaults(before: TelemetryState, { raised, ended }: StepSummary, nowMs: Millis): TelemetryResult {
  const { tokens, countedAt } = refilled(before, nowMs, faultLimits);
  const all: readonly OutboxValues[] = [
    ...raised.map((faultRaised) => ({ faultRaised })),
    ...ended.map((faultEnded) => ({ faultEnded })),
  ];
  const messages = all.slice(0, Math.floor(tokens));
  const heldBack = before.suppressed + all.length - messages.length;
  return {
    state: { ...before, tokens: tokens - messages.length, countedAt, suppressed: heldBack },
    messages,
  };
}
