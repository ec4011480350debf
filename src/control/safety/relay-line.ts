/**
 * SR-07: the relay's line is read back. A line that differs from its command for 2 s turns the heater OFF, and so does
 * one that deviates five times in ten minutes: then something else switches it, which would wear out the relay.
 *
 * Guarantee: an unreadable line counts as different. The fault ends when the line has matched for ten minutes, or when a
 * person clears it while it matches: a loose contact must not leave the house cold for ever. In the hour after that a
 * single deviation is enough, so that two controllers on one relay switch it some 15 times in half an hour, not once a
 * second.
 */
import type { Millis } from "../../base/units.ts";
import { hours, millis, minutes, seconds } from "../../base/units.ts";

const mismatchAfter = seconds(2);
const recoveryTime = minutes(10);
/** More than a glitch, or the delay of a slow line, causes. */
const maxDeviations = 5;
const deviationWindow = minutes(10);
const probation = hours(1);

export type LineDifference = "unreadable" | "differs";

export interface RelayLineState {
  /** Since when the line differs from the command; `undefined` while it agrees. */
  readonly differsSince: Millis | undefined;
  /** How it differs, and since when. */
  readonly difference: LineDifference;
  readonly differenceSince: Millis;
  readonly agreesSince: Millis;
  /** The last command, and whether the line has matched it since. */
  readonly commanded: boolean;
  readonly matched: boolean;
  /** Times within the window at which the line deviated from a command that it had matched. */
  readonly deviations: readonly Millis[];
  readonly probationUntil: Millis;
  readonly mismatch: boolean;
  /** The reason of the fault. */
  readonly reason: LineDifference | "switched-elsewhere";
}

export const startRelayLine = (now: Millis): RelayLineState => ({
  differsSince: undefined,
  difference: "differs",
  differenceSince: now,
  agreesSince: now,
  commanded: false,
  matched: false,
  deviations: [],
  probationUntil: now,
  mismatch: false,
  reason: "differs",
});

/** When the current difference becomes a fault, or the fault ends; `undefined` for neither. */
export function relayLineDeadline(state: RelayLineState): number | undefined {
  if (state.differsSince !== undefined) {
    return state.mismatch ? undefined : state.differsSince + mismatchAfter;
  }
  return state.mismatch ? state.agreesSince + recoveryTime : undefined;
}

/** @param line as read back; @param commanded the command of the last step */
export function stepRelayLine(
  before: RelayLineState,
  line: boolean | undefined,
  commanded: boolean,
  now: Millis,
): RelayLineState {
  const state = commanded === before.commanded ? before : { ...before, commanded, matched: false };
  return line === commanded
    ? agree(state, now)
    : differ(state, line === undefined ? "unreadable" : "differs", now);
}

function agree(state: RelayLineState, now: Millis): RelayLineState {
  if (state.differsSince !== undefined) {
    return { ...state, differsSince: undefined, agreesSince: now, matched: true };
  }
  if (state.mismatch && now - state.agreesSince >= recoveryTime) return end(state, now);
  return state.matched ? state : { ...state, matched: true };
}

/** Clears the fault on request of a person, unless the line differs now. */
export const clearRelayLine = (state: RelayLineState, now: Millis): RelayLineState =>
  state.mismatch && state.differsSince === undefined ? end(state, now) : state;

function end(state: RelayLineState, now: Millis): RelayLineState {
  const probationUntil =
    state.reason === "switched-elsewhere" ? millis(now + probation) : state.probationUntil;
  return { ...state, mismatch: false, deviations: [], probationUntil };
}

function differ(before: RelayLineState, difference: LineDifference, now: Millis): RelayLineState {
  const began = before.differsSince === undefined;
  const state = began ? countDeviation(before, now) : before;
  const differsSince = state.differsSince ?? now;
  const changed = began || difference !== state.difference;
  const differenceSince = changed ? now : state.differenceSince;
  const lasts = now - differsSince >= mismatchAfter;
  const mismatch = state.mismatch || lasts;
  // The reason follows a difference that lasts, also after the fault was raised.
  const replaceReason = lasts && (!state.mismatch || now - differenceSince >= mismatchAfter);
  const reason = replaceReason ? difference : state.reason;
  if (!changed && mismatch === state.mismatch && reason === state.reason) return state;
  return { ...state, differsSince, difference, differenceSince, mismatch, reason };
}

/** Counts a deviation. A line that never matched is slow or stuck: then only the two seconds count. */
function countDeviation(state: RelayLineState, now: Millis): RelayLineState {
  if (!state.matched) return state;
  const recent = state.deviations.filter((at) => now - at < deviationWindow);
  const deviations = [...recent, now].slice(-maxDeviations);
  const limit = now < state.probationUntil ? 1 : maxDeviations;
  if (state.mismatch || deviations.length < limit) return { ...state, deviations };
  return { ...state, deviations, mismatch: true, reason: "switched-elsewhere" };
}
