/**
 * SR-07: the relay's line is read back; a line that differs from its command for 2 s takes the heater OFF.
 *
 * Guarantee: a line that cannot be read counts as different. The fault ends by itself after the line has followed
 * for ten minutes, so that a line that fails again and again wears the relay no more than a few times an hour.
 */
import type { Millis } from "../units.ts";
import { minutes, seconds } from "../units.ts";

const mismatchAfter = seconds(2);
const regained = minutes(10);

export interface RelayLineState {
  /** Since when the line differs from the command; `undefined` while it agrees. */
  readonly differsSince: Millis | undefined;
  readonly unreadable: boolean;
  readonly agreesSince: Millis;
  readonly mismatch: boolean;
}

export const startRelayLine = (now: Millis): RelayLineState => ({
  differsSince: undefined,
  unreadable: false,
  agreesSince: now,
  mismatch: false,
});

/** When the present difference becomes a fault, or the fault ends; `undefined` when neither is under way. */
export function relayLineDeadline(state: RelayLineState): number | undefined {
  if (state.differsSince !== undefined) {
    return state.mismatch ? undefined : state.differsSince + mismatchAfter;
  }
  return state.mismatch ? state.agreesSince + regained : undefined;
}

/** @param line as read back just now; @param commanded what the last step asked for */
export function stepRelayLine(
  state: RelayLineState,
  line: boolean | undefined,
  commanded: boolean,
  now: Millis,
): RelayLineState {
  if (line !== commanded) {
    const differsSince = state.differsSince ?? now;
    const mismatch = state.mismatch || now - differsSince >= mismatchAfter;
    if (state.differsSince !== undefined && mismatch === state.mismatch) return state;
    return { ...state, differsSince, unreadable: line === undefined, mismatch };
  }
  if (state.differsSince !== undefined) return { ...state, differsSince: undefined, agreesSince: now };
  if (state.mismatch && now - state.agreesSince >= regained) return { ...state, mismatch: false };
  return state;
}
