/**
 * SR-07: the relay's line is read back; a line that differs from its command for 2 s takes the heater OFF, and so does
 * one that leaves its command five times in ten minutes: somebody else switches it, and whoever gives way last wears
 * the relay out.
 *
 * Guarantee: a line that cannot be read counts as different. The fault ends by itself after the line has followed for
 * ten minutes, or when a person clears it while it follows: one loose contact must not leave the house cold for ever.
 * In the hour after that the first time that somebody else switches it is enough, so that two controllers on one relay
 * close it some 15 times in half an hour, not once a second.
 */
import type { Millis } from "../../base/units.ts";
import { hours, millis, minutes, seconds } from "../../base/units.ts";

const mismatchAfter = seconds(2);
const regained = minutes(10);
/** A single glitch, and what a slow line does after each command, stay below. */
const maxDepartures = 5;
const departureWindow = minutes(10);
const probation = hours(1);

export type LineDifference = "unreadable" | "differs";

export interface RelayLineState {
  /** Since when the line differs from the command; `undefined` while it agrees. */
  readonly differsSince: Millis | undefined;
  /** How it differs, and since when so. */
  readonly difference: LineDifference;
  readonly differenceSince: Millis;
  readonly agreesSince: Millis;
  /** The command of the last look, and whether the line has followed it since it was given. */
  readonly commanded: boolean;
  readonly followed: boolean;
  /** When the line left a command that it had followed, within the window. */
  readonly departures: readonly Millis[];
  readonly probationUntil: Millis;
  readonly mismatch: boolean;
  /** Why the fault stands. */
  readonly reason: LineDifference | "switched-elsewhere";
}

export const startRelayLine = (now: Millis): RelayLineState => ({
  differsSince: undefined,
  difference: "differs",
  differenceSince: now,
  agreesSince: now,
  commanded: false,
  followed: false,
  departures: [],
  probationUntil: now,
  mismatch: false,
  reason: "differs",
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
  before: RelayLineState,
  line: boolean | undefined,
  commanded: boolean,
  now: Millis,
): RelayLineState {
  const state = commanded === before.commanded ? before : { ...before, commanded, followed: false };
  return line === commanded
    ? agree(state, now)
    : differ(state, line === undefined ? "unreadable" : "differs", now);
}

function agree(state: RelayLineState, now: Millis): RelayLineState {
  if (state.differsSince !== undefined) {
    return { ...state, differsSince: undefined, agreesSince: now, followed: true };
  }
  if (state.mismatch && now - state.agreesSince >= regained) return end(state, now);
  return state.followed ? state : { ...state, followed: true };
}

/** A person has looked at it; a line that differs now goes on being a fault. */
export const clearRelayLine = (state: RelayLineState, now: Millis): RelayLineState =>
  state.mismatch && state.differsSince === undefined ? end(state, now) : state;

function end(state: RelayLineState, now: Millis): RelayLineState {
  const probationUntil =
    state.reason === "switched-elsewhere" ? millis(now + probation) : state.probationUntil;
  return { ...state, mismatch: false, departures: [], probationUntil };
}

function differ(before: RelayLineState, difference: LineDifference, now: Millis): RelayLineState {
  const began = before.differsSince === undefined;
  const state = began ? depart(before, now) : before;
  const differsSince = state.differsSince ?? now;
  const changed = began || difference !== state.difference;
  const differenceSince = changed ? now : state.differenceSince;
  const lasts = now - differsSince >= mismatchAfter;
  const mismatch = state.mismatch || lasts;
  // One that has lasted is the reason, also when it is another than the one that raised the fault.
  const said = lasts && (!state.mismatch || now - differenceSince >= mismatchAfter);
  const reason = said ? difference : state.reason;
  if (!changed && mismatch === state.mismatch && reason === state.reason) return state;
  return { ...state, differsSince, difference, differenceSince, mismatch, reason };
}

/** The line leaves its command. One that never followed it was slow, or stuck: then the two seconds count. */
function depart(state: RelayLineState, now: Millis): RelayLineState {
  if (!state.followed) return state;
  const recent = state.departures.filter((at) => now - at < departureWindow);
  const departures = [...recent, now].slice(-maxDepartures);
  const most = now < state.probationUntil ? 1 : maxDepartures;
  if (state.mismatch || departures.length < most) return { ...state, departures };
  return { ...state, departures, mismatch: true, reason: "switched-elsewhere" };
}
