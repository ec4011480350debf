/**
 * The stored form of a hold and of what was in force last, so that a start with an unknown clock goes on with it.
 *
 * Guarantee: `parseScheduling` never throws; what it cannot use is left out, and the state around it stays.
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
export function storeScheduling({ hold, asked }: Scheduling): StoredScheduling | undefined {
  if (hold === undefined && asked === undefined) return undefined;
  return {
    ...(hold && { hold }),
    ...(asked && { asked: { by: asked.by, target: asked.target } }),
  };
}

export function parseScheduling(value: unknown): StoredScheduling | undefined {
  try {
    const { hold, asked } = record(value);
    return {
      ...(hold === undefined ? {} : { hold: parseHold(hold) }),
      ...(asked === undefined ? {} : { asked: parseAsked(asked) }),
    };
  } catch {
    return undefined;
  }
}

function parseHold(value: unknown): { readonly untilMs?: WallMillis } {
  const { untilMs } = record(value);
  return untilMs === undefined ? {} : { untilMs: wall(untilMs) };
}

function parseAsked(value: unknown): NonNullable<StoredScheduling["asked"]> {
  const { by, target } = record(value);
  return { by: by === "away" ? "away" : "schedule", target: within(target, -100, 100) };
}

export function restoreScheduling(stored: StoredScheduling | undefined, settings: Settings): Scheduling {
  if (stored === undefined) return nothingScheduled;
  const { hold, asked } = stored;
  return {
    hold,
    asked: asked && { by: asked.by, target: clampTarget(celsius(asked.target), settings) },
  };
}
