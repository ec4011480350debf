/**
 * The stored form of a hold and of the last value in force, which a start without a trusted clock continues to use.
 *
 * Guarantee: `parseScheduling` never throws; invalid parts are left out, and the rest of the state is kept.
 */
import { celsius, type WallMillis } from "../../base/units.ts";
import type { Settings } from "../../model/settings-table.ts";
import { clampTarget } from "../panel/set-point.ts";
import { record, wall, within } from "../stored.ts";
import { nothingScheduled, type Scheduling } from "./schedule.ts";

export interface StoredScheduling {
  readonly hold?: { readonly untilMs?: WallMillis };
  readonly asked?: { readonly by: "away" | "schedule"; readonly target: number };
}

/** @returns `undefined` when there is nothing to store */
export function storeScheduling({ hold, scheduled }: Scheduling): StoredScheduling | undefined {
  if (hold === undefined && scheduled === undefined) return undefined;
  return {
    ...(hold && { hold }),
    ...(scheduled && { asked: { by: scheduled.by, target: scheduled.target } }),
  };
}

export function parseScheduling(value: unknown): StoredScheduling | undefined {
  try {
    const { hold, asked } = record(value);
    return {
      ...(hold === undefined ? {} : { hold: parseHold(hold) }),
      ...(asked === undefined ? {} : { asked: parseScheduled(asked) }),
    };
  } catch {
    return undefined;
  }
}

function parseHold(value: unknown): { readonly untilMs?: WallMillis } {
  const { untilMs } = record(value);
  return untilMs === undefined ? {} : { untilMs: wall(untilMs) };
}

function parseScheduled(value: unknown): NonNullable<StoredScheduling["asked"]> {
  const { by, target } = record(value);
  return { by: by === "away" ? "away" : "schedule", target: within(target, -100, 100) };
}

export function restoreScheduling(stored: StoredScheduling | undefined, settings: Settings): Scheduling {
  if (stored === undefined) return nothingScheduled;
  const { hold, asked } = stored;
  return {
    hold,
    scheduled: asked && { by: asked.by, target: clampTarget(celsius(asked.target), settings) },
  };
}
