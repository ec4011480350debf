/**
 * What survives a power cut, and the door through which it comes back.
 *
 * Guarantees: `parseDurable` never throws and returns either a state that `start` can use or `undefined`; nothing in
 * it can turn the heater on or shorten a minimum time. The firmware adds the checksum and the atomic write.
 *
 * When to write: whenever `ControlState.revision` differs from the revision written last, at once and one write at a
 * time, the newest state winning. A press raises the revision in the step that shows it; while A or B repeats
 * the revision waits for the finger to lift, so one hold costs one write more; counters alone raise it once an hour,
 * as do the first six hours of a heater that is off, and a wall clock that was set raises it once.
 */

import { isRecord, type JsonRecord } from "../base/json/value.ts";
import type { Celsius, Kelvin } from "../base/units.ts";
import { celsius, kelvin, millis, wallMillis } from "../base/units.ts";
import { writableProperties } from "../model/cloud-model.ts";
import type { FaultCode } from "../model/faults.ts";
import { faultEffects, isFaultCode } from "../model/faults.ts";
import type { Change, ControlMode, ControlValue } from "./input.ts";
import type { StoredBoost } from "./panel/boost.ts";
import type { StoredRelayAlarm } from "./safety/stuck-relay.ts";
import type { StoredSwitch } from "./safety/switching.ts";
import type { TwinShadow } from "./twin/shadow.ts";
import { parseShadow } from "./twin/shadow.ts";

export interface DurableState {
  readonly schema: 1;
  readonly target: Celsius;
  readonly mode: ControlMode;
  readonly heaterSwitch: boolean;
  /** Who made the three values above what they are. */
  readonly changes: { readonly target: Change; readonly mode: Change; readonly heaterSwitch: Change };
  readonly counters: { readonly relayCycles: number; readonly heaterSeconds: number };
  readonly latched: readonly FaultCode[];
  /** What follows may be missing: older firmware did not write it, or there is nothing to say. */
  readonly sensorOffset?: Held<Kelvin>;
  /** Seconds. */
  readonly telemetryInterval?: Held<number>;
  readonly boost?: StoredBoost;
  readonly twin?: TwinShadow;
  /** Missing until the heater was switched for the first time. */
  readonly lastSwitch?: StoredSwitch;
  /** What this heater does in this room (SR-06), K in 55 minutes. */
  readonly learntRise?: number;
  /** The contact is held to be welded (SR-06). */
  readonly relayAlarm?: StoredRelayAlarm;
}

export interface Held<T> {
  readonly value: T;
  readonly change: Change;
}

/** @returns `undefined` for anything that `toDurable` cannot have made: half a state is worse than none */
export function parseDurable(value: unknown): DurableState | undefined {
  try {
    return parse(value);
  } catch {
    return undefined; // A hostile object may throw from its getters.
  }
}

/** Thrown inside `parse` only. */
const invalid = (what: string) => new TypeError(`durable state: ${what}`);

function parse(value: unknown): DurableState {
  const root = record(value);
  const changes = record(root["changes"]);
  const counters = record(root["counters"]);
  if (root["schema"] !== 1) throw invalid("schema");
  return {
    schema: 1,
    target: celsius(within(root["target"], -100, 100)),
    mode: mode(root["mode"]),
    heaterSwitch: flag(root["heaterSwitch"]),
    changes: {
      target: change(changes["target"]),
      mode: change(changes["mode"]),
      heaterSwitch: change(changes["heaterSwitch"]),
    },
    counters: {
      relayCycles: Math.floor(within(counters["relayCycles"], 0, 1e12)),
      heaterSeconds: Math.floor(within(counters["heaterSeconds"], 0, 1e12)),
    },
    latched: latched(root["latched"]),
    ...(root["sensorOffset"] === undefined ? {} : { sensorOffset: sensorOffset(root["sensorOffset"]) }),
    ...(root["telemetryInterval"] === undefined
      ? {}
      : { telemetryInterval: telemetryInterval(root["telemetryInterval"]) }),
    ...(root["boost"] === undefined ? {} : { boost: boost(root["boost"]) }),
    // One that is not understood costs one more reconciliation, not the state.
    ...(root["twin"] === undefined ? {} : { twin: parseShadow(root["twin"]) }),
    ...(root["lastSwitch"] === undefined ? {} : { lastSwitch: lastSwitch(root["lastSwitch"]) }),
    ...(root["learntRise"] === undefined ? {} : { learntRise: within(root["learntRise"], 0, 100) }),
    ...(root["relayAlarm"] === undefined ? {} : { relayAlarm: relayAlarm(root["relayAlarm"]) }),
  };
}

function record(value: unknown): JsonRecord {
  if (!isRecord(value)) throw invalid("object");
  return value;
}

function within(value: unknown, low: number, high: number): number {
  if (typeof value !== "number" || !(value >= low && value <= high)) throw invalid("number");
  return value;
}

function flag(value: unknown): boolean {
  if (typeof value !== "boolean") throw invalid("boolean");
  return value;
}

function mode(value: unknown): ControlMode {
  if (value !== "auto" && value !== "manual") throw invalid("mode");
  return value;
}

function change(value: unknown): Change {
  const { source, wallMs, serial = 0, from } = record(value);
  if (source !== "default" && source !== "device" && source !== "cloud") throw invalid("source");
  const made = { source, wallMs: wall(wallMs), serial: Math.floor(within(serial, 0, 1e15)) } as const;
  return from === undefined ? made : { ...made, from: controlValue(from) };
}

function controlValue(value: unknown): ControlValue {
  if (typeof value === "boolean" || value === "auto" || value === "manual") return value;
  return within(value, -1e6, 1e6);
}

function sensorOffset(value: unknown): Held<Kelvin> {
  const held = record(value);
  const { min, max } = writableProperties.sensorOffset.schema;
  return { value: kelvin(within(held["value"], min, max)), change: change(held["change"]) };
}

function telemetryInterval(value: unknown): Held<number> {
  const held = record(value);
  const { min, max } = writableProperties.telemetryInterval.schema;
  return { value: Math.floor(within(held["value"], min, max)), change: change(held["change"]) };
}

function boost(value: unknown): StoredBoost {
  const { sinceWallMs, untilWallMs, storedWallMs, leftMs } = record(value);
  return {
    sinceWallMs: wall(sinceWallMs),
    untilWallMs: wall(untilWallMs),
    ...(storedWallMs === undefined ? {} : { storedWallMs: wall(storedWallMs) }),
    ...(leftMs === undefined ? {} : { leftMs: millis(within(leftMs, 0, 1e9)) }),
  };
}

/** The range of dates (ECMA-262, 21.4.1.1). */
const wall = (value: unknown) => wallMillis(within(value, -8.64e15, 8.64e15));

function latched(value: unknown): readonly FaultCode[] {
  if (!Array.isArray(value) || value.length > 64) throw invalid("latched");
  // A code of a newer version is unknown here; without its rule there is nothing to hold on to.
  return value.filter(isFaultCode).filter((code) => faultEffects[code].latched);
}

function lastSwitch(value: unknown): StoredSwitch {
  const entry = record(value);
  const known = { on: flag(entry["on"]), wallMs: wall(entry["wallMs"]) };
  const { offForMs } = entry;
  return offForMs === undefined ? known : { ...known, offForMs: millis(within(offForMs, 0, 1e12)) };
}

/** Within what any room sensor measures (SR-03). */
function relayAlarm(value: unknown): StoredRelayAlarm {
  const entry = record(value);
  const from = within(entry["from"], -100, 200);
  return { from, peak: within(entry["peak"], from, 200) };
}
