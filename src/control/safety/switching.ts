/**
 * SR-08: minimum on and off times, through restarts, mode changes and everything else.
 *
 * Guarantees: only a safety OFF ends the minimum on time early; nothing ends the minimum off time early. This is the
 * one place where the heater's command changes.
 */
import type { Millis, WallMillis } from "../../base/units.ts";
import { millis } from "../../base/units.ts";

export interface SwitchingState {
  readonly on: boolean;
  /** The earliest time of the next switch for comfort. */
  readonly freeAt: Millis;
}

/** The last change of the command, on the core's own time line. */
export interface LastSwitch {
  readonly on: boolean;
  readonly at: Millis;
}

/** What survives a restart. */
export interface StoredSwitch {
  readonly on: boolean;
  /** A label only. */
  readonly wallMs: WallMillis;
  /** For how long the heater had been OFF when this was stored. */
  readonly offForMs?: Millis | undefined;
}

/**
 * After a start the relay is OFF; since when? If the heater was OFF, the time that was observed until then counts. If
 * it was ON, the relay opened at the start or a moment before (a crash, a power cut): then it is since now. The time
 * between, the wall clock alone could tell, and without a battery it can be wrong in both directions.
 */
export function restoreSwitch({ on, offForMs = millis(0) }: StoredSwitch, now: Millis): LastSwitch {
  return { on: false, at: millis(on ? now : now - offForMs) };
}

/** A device that never switched may heat at once. */
export const startSwitching = (
  last: LastSwitch | undefined,
  now: Millis,
  minimumOff: Millis,
): SwitchingState => ({
  on: false,
  freeAt: last ? millis(Math.max(now, last.at + minimumOff)) : now,
});

export interface Wish {
  readonly heat: boolean;
  /** A rule forbids heat: OFF now. */
  readonly forbidden: boolean;
}

export function decide(
  state: SwitchingState,
  wish: Wish,
  now: Millis,
  minimumOn: Millis,
  minimumOff: Millis,
): SwitchingState {
  const free = now >= state.freeAt;
  if (state.on && (wish.forbidden || (!wish.heat && free))) {
    return { on: false, freeAt: millis(now + minimumOff) };
  }
  if (!state.on && wish.heat && !wish.forbidden && free) return { on: true, freeAt: millis(now + minimumOn) };
  return state;
}
