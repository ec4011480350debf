/**
 * The stored state, and its validation.
 *
 * Guarantees: `parseDurable` never throws and returns a state that `start` can use, or `undefined`; a stored state
 * cannot turn the heater on or shorten a minimum time. The firmware adds the checksum and the atomic write.
 *
 * When to write: whenever `ControlState.revision` differs from the revision written last, at once and one
 * write at a time, the newest state winning. A press raises the revision in the step that shows it; while A
 * or B repeats, the revision is raised only at the release, so that a hold causes one more write; counters
 * alone raise it once an hour, as do the first six hours of a heater that is off, and a wall clock that was
 * set raises it once. The heater raises it when it turns on and the stored state says OFF; that it is off is
 * stored with the next write, at the latest an hour on.
 */

import { millis } from "../base/units.ts";
import type { FaultCode } from "../model/faults.ts";
import { faultEffects, isFaultCode } from "../model/faults.ts";
import type { RoomModel, StoredRoom } from "./law/room-model.ts";
import { parseRoom } from "./law/room-model.ts";
import type { StoredBoost } from "./panel/boost.ts";
import { parseValues, type StoredValues } from "./panel/stored-values.ts";
import type { StoredRelayAlarm } from "./safety/stuck-relay.ts";
import type { StoredSwitch } from "./safety/switching.ts";
import { parseScheduling, type StoredScheduling } from "./schedule/stored-scheduling.ts";
import { flag, invalid, record, wall, within } from "./stored.ts";
import type { TwinShadow } from "./twin/shadow.ts";
import { parseShadow } from "./twin/shadow.ts";

/** Which versions of it this firmware reads, and the one that it writes: an image says so, for a device to compare. */
export const stateVersions = { reads: 1, writes: 1 } as const;

export type DurableState = StoredValues & {
  readonly schema: 1;
  readonly counters: { readonly relayCycles: number; readonly heaterSeconds: number };
  readonly latched: readonly FaultCode[];
  /** The members below are optional: older firmware did not write them, or they have no value. */
  readonly boost?: StoredBoost;
  readonly scheduling?: StoredScheduling;
  readonly twin?: TwinShadow;
  /** Missing before the first switch of the heater. */
  readonly lastSwitch?: StoredSwitch;
  /** The best rise that this heater causes in this room (SR-06), K in 55 minutes. */
  readonly learntRise?: number;
  /** Present while the relay contact is assumed to be welded (SR-06). */
  readonly relayAlarm?: StoredRelayAlarm;
  /** What the heating law has learned of the room; missing before the first hour. */
  readonly room?: StoredRoom;
};

/** @returns `undefined` for anything that `toDurable` cannot have written: a partial state is worse than none */
export function parseDurable(value: unknown): DurableState | undefined {
  try {
    return parse(value);
  } catch {
    return undefined; // A hostile object may throw from its getters.
  }
}

function parse(value: unknown): DurableState {
  const root = record(value);
  const counters = record(root["counters"]);
  if (root["schema"] !== 1) throw invalid("schema");
  return {
    schema: 1,
    ...parseValues(root),
    counters: {
      relayCycles: Math.floor(within(counters["relayCycles"], 0, 1e12)),
      heaterSeconds: Math.floor(within(counters["heaterSeconds"], 0, 1e12)),
    },
    latched: latched(root["latched"]),
    ...(root["boost"] === undefined ? {} : { boost: boost(root["boost"]) }),
    ...scheduling(root["scheduling"]),
    // An invalid shadow causes another reconciliation, but does not discard the state.
    ...(root["twin"] === undefined ? {} : { twin: parseShadow(root["twin"]) }),
    ...(root["lastSwitch"] === undefined ? {} : { lastSwitch: lastSwitch(root["lastSwitch"]) }),
    ...(root["learntRise"] === undefined ? {} : { learntRise: within(root["learntRise"], 0, 100) }),
    ...(root["relayAlarm"] === undefined ? {} : { relayAlarm: relayAlarm(root["relayAlarm"]) }),
    ...room(root["room"]),
  };
}

/** An invalid model is learned again, and does not discard the state. */
function room(value: unknown): { readonly room?: RoomModel } {
  const parsed = parseRoom(value);
  return parsed ? { room: parsed } : {};
}

/** Without it the schedule waits for the clock. */
function scheduling(value: unknown): { readonly scheduling?: StoredScheduling } {
  const parsed = parseScheduling(value);
  return parsed ? { scheduling: parsed } : {};
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

function latched(value: unknown): readonly FaultCode[] {
  if (!Array.isArray(value) || value.length > 64) throw invalid("latched");
  // Codes of newer versions are ignored: their rule is unknown here.
  return value.filter(isFaultCode).filter((code) => faultEffects[code].latched);
}

function lastSwitch(value: unknown): StoredSwitch {
  const entry = record(value);
  const known = { on: flag(entry["on"]), wallMs: wall(entry["wallMs"]) };
  const { offForMs } = entry;
  return offForMs === undefined ? known : { ...known, offForMs: millis(within(offForMs, 0, 1e12)) };
}

/** Limits beyond the range of any room sensor (SR-03). */
function relayAlarm(value: unknown): StoredRelayAlarm {
  const entry = record(value);
  const from = within(entry["from"], -100, 200);
  return { from, peak: within(entry["peak"], from, 200) };
}
