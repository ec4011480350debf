/**
 * SR-08: minimum on and off times, through restarts, mode changes and everything else.
 *
 * Guarantees: only a safety OFF ends the minimum on time early; nothing ends the minimum off time early. The heater's
 * command changes only here.
 */
import type { Millis, WallMillis } from "../../base/units.ts";
import { millis } from "../../base/units.ts";

export interface SwitchingState {
  readonly on: boolean;
  /** The earliest time of the next regular switch. */
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
 * After a start the relay is OFF. If it was OFF when stored, the time observed until then counts. If it was ON, the
 * relay opened just before the start (a crash, a power cut): then it is OFF since now. The duration of the outage is
 * not counted: without an RTC battery the wall clock may be wrong in both directions.
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

export interface HeatRequest {
  readonly heat: boolean;
  /** A rule forbids heat: OFF now. */
  readonly forbidden: boolean;
}

export function decide(
  state: SwitchingState,
  request: HeatRequest,
  now: Millis,
  minimumOn: Millis,
  minimumOff: Millis,
): SwitchingState {
  const free = now >= state.freeAt;
  if (state.on && (request.forbidden || (!request.heat && free))) {
    return { on: false, freeAt: millis(now + minimumOff) };
  }
  if (!state.on && request.heat && !request.forbidden && free)
    return { on: true, freeAt: millis(now + minimumOn) };
  return state;
}
