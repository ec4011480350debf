/**
 * From button edges to gestures, with time as an argument.
 *
 * Guarantees: a glitch shorter than the debounce time has no effect; a press acts on the way down, however late the loop
 * reads it. A stuck line switches nothing on (SR-13): long press and chord act on release; a button held for more than a
 * minute is stuck, is reported once, and has no effect until it is released. A hold counts only time in which the level
 * is known, from frequent steps or from the times of edges: a loop that stalled neither repeats a press nor loses it.
 * The number of gestures per call is bounded.
 */

import type { Millis } from "../../base/units.ts";
import { millis, seconds } from "../../base/units.ts";
import type { ButtonEdge, ButtonName } from "../input.ts";

/** The board does not debounce. 10 ms is longer than the bounce of tactile switches; a press acts within 20 ms. */
const debounce = millis(10);
const repeatDelay = millis(500);
const repeatEvery = millis(250);
const repeatFast = millis(100);
/** Number of repeats at the slower rate. */
const slowRepeats = 8;
const longPress = seconds(1);
const clearHold = seconds(3);
const stuckAfter = seconds(60);
/** Step interval while a button is down. */
const stepEvery = millis(100);
/** Between steps further apart an edge may be unread: then the level is unknown. */
const maxStepInterval = millis(250);

export type Gesture =
  /** B pressed or repeating is +1, A is −1. */
  | { readonly kind: "nudge"; readonly direction: 1 | -1; readonly repeat: boolean }
  | { readonly kind: "mode-short" }
  | { readonly kind: "mode-long" }
  /** A and B were held together for 3 s and released: clear the faults. */
  | { readonly kind: "clear" }
  /** The button is stuck: undo its changes. */
  | { readonly kind: "stuck"; readonly button: ButtonName };

interface Button {
  /** Level of the last edge, and since when. */
  readonly raw: boolean;
  readonly rawSince: Millis;
  /** The level after debouncing, and since when. */
  readonly down: boolean;
  readonly downSince: Millis;
  /** The same, shifted by the time in which the level was unknown. */
  readonly heldSince: Millis;
  readonly repeats: number;
  /** Part of a chord: no repeats. */
  readonly noRepeats: boolean;
  readonly stuck: boolean;
}

export interface ButtonsState extends Readonly<Record<ButtonName, Button>> {
  readonly steppedAt: Millis;
  /** A and B were held together long enough, and one of them is released. */
  readonly chord: boolean;
}

export interface ButtonsResult {
  readonly state: ButtonsState;
  readonly gestures: readonly Gesture[];
  /** A button was pressed: wakes the screen. */
  readonly touched: boolean;
  /** Time of the next gesture without another edge, or of the next check of the level. */
  readonly wakeAt: Millis | undefined;
}

const names: readonly ButtonName[] = ["a", "b", "mode"];

export function startButtons(now: Millis): ButtonsState {
  const released: Button = {
    raw: false,
    rawSince: now,
    down: false,
    downSince: now,
    heldSince: now,
    repeats: 0,
    noRepeats: false,
    stuck: false,
  };
  return { a: released, b: released, mode: released, steppedAt: now, chord: false };
}

/** A button that is held for too long. */
export const stuckButton = (state: ButtonsState): ButtonName | undefined =>
  names.find((name) => state[name].stuck);

/** A or B is held: the set-point may still change. */
export const adjusting = (state: ButtonsState): boolean => isHeld(state.a) || isHeld(state.b);

/** The mode button has been held long enough for a long press. */
export const isArmed = ({ mode, steppedAt }: ButtonsState): boolean =>
  isHeld(mode) && steppedAt - mode.heldSince >= longPress;

const isHeld = (button: Button) => button.down && !button.stuck;
const isIdle = (button: Button) => !button.raw && !button.down;

/** Until when each button's level is known. */
type Known = Readonly<Record<ButtonName, Millis>>;

/** @param edges in order of time; later than `now` counts as now. */
export function stepButtons(state: ButtonsState, edges: readonly ButtonEdge[], now: Millis): ButtonsResult {
  if (edges.length === 0 && names.every((name) => isIdle(state[name]))) {
    return { state, gestures: [], touched: false, wakeAt: undefined };
  }
  const known = knownUntil(state, edges, now);
  const gestures: Gesture[] = [];
  let current = state;
  let touched = false;
  const advance = (until: Millis) => {
    for (;;) {
      const due = nextDeadline(current, known);
      if (!due || due.at > until) return;
      if (due.pressed) touched = true;
      current = due.fire(gestures);
    }
  };
  for (const edge of edges) {
    const at = timeOf(edge, current, now);
    advance(millis(at - 1));
    const seen = current[edge.button];
    if (seen.raw !== edge.pressed) {
      current = { ...current, [edge.button]: { ...seen, raw: edge.pressed, rawSince: at } };
    }
  }
  advance(now);
  current = excludeUnknown(current, known, now);
  return { state: current, gestures, touched, wakeAt: wakeAt(current, now) };
}

const timeOf = (edge: ButtonEdge, state: ButtonsState, now: Millis): Millis =>
  millis(Math.min(now, Math.max(edge.atMs, state[edge.button].rawSince)));

/** An edge proves the level before it; a step proves it since the previous step, if that was recent. */
function knownUntil(state: ButtonsState, edges: readonly ButtonEdge[], now: Millis): Known {
  const until = (name: ButtonName): Millis => {
    const last = edges.findLast(({ button }) => button === name);
    const known = last ? Math.max(state.steppedAt, timeOf(last, state, now)) : state.steppedAt;
    return now - known <= maxStepInterval ? now : millis(known);
  };
  return { a: until("a"), b: until("b"), mode: until("mode") };
}

/** Time with an unknown level does not count as held. */
function excludeUnknown(state: ButtonsState, known: Known, now: Millis): ButtonsState {
  const counted = (name: ButtonName): Button => {
    const button = state[name];
    if (!isHeld(button) || known[name] >= now) return button;
    const from = Math.max(known[name], button.heldSince);
    return { ...button, heldSince: millis(button.heldSince + now - from) };
  };
  return { ...state, a: counted("a"), b: counted("b"), mode: counted("mode"), steppedAt: now };
}

function wakeAt(state: ButtonsState, now: Millis): Millis | undefined {
  const settling = names.filter((name) => state[name].raw !== state[name].down);
  const settles = settling.map((name) => Math.max(now + 1, state[name].rawSince + debounce));
  const nextChecks = names.some((name) => isHeld(state[name])) ? [now + stepEvery] : [];
  const next = Math.min(nextDeadline(state)?.at ?? Number.POSITIVE_INFINITY, ...settles, ...nextChecks);
  return Number.isFinite(next) ? millis(Math.max(now + 1, next)) : undefined;
}

interface Deadline {
  readonly at: Millis;
  readonly pressed?: boolean;
  readonly fire: (gestures: Gesture[]) => ButtonsState;
}

/**
 * The next deadline without further edges; each `fire` advances it, so a loop over it ends.
 * @param known when absent, all levels are assumed to be known
 */
function nextDeadline(state: ButtonsState, known?: Known): Deadline | undefined {
  let next: Deadline | undefined;
  for (const name of names) {
    const found = deadlineOf(state, name);
    if (!found || (known && found.at > known[name])) continue;
    if (!next || found.at < next.at) next = found;
  }
  return next;
}

function deadlineOf(state: ButtonsState, name: ButtonName): Deadline | undefined {
  const button = state[name];
  const hold = holdDeadline(state, name);
  const settlesAt = millis(button.rawSince + debounce);
  if (button.raw === button.down || (hold && hold.at < settlesAt)) return hold;
  const fire = (gestures: Gesture[]) =>
    button.raw ? press(state, name, settlesAt, gestures) : release(state, name, settlesAt, gestures);
  return { at: settlesAt, pressed: button.raw, fire };
}

function press(state: ButtonsState, name: ButtonName, at: Millis, gestures: Gesture[]): ButtonsState {
  if (name !== "mode") gestures.push(nudge(name, false));
  // A press that is read late counts as held only since the last step.
  const heldSince = millis(Math.max(at, state.steppedAt));
  const pressed = { ...state[name], down: true, downSince: at, heldSince, repeats: 0, noRepeats: false };
  return { ...state, [name]: pressed, chord: name === "mode" && state.chord };
}

function release(state: ButtonsState, name: ButtonName, at: Millis, gestures: Gesture[]): ButtonsState {
  const button = state[name];
  const released = { ...button, down: false, downSince: at, stuck: false };
  const isValid = !button.stuck && at - button.downSince < stuckAfter;
  if (name === "mode") {
    if (isValid) gestures.push({ kind: at - button.downSince >= longPress ? "mode-long" : "mode-short" });
    return { ...state, mode: released };
  }
  const otherName = name === "a" ? "b" : "a";
  const other = state[otherName];
  if (isValid && state.chord) gestures.push({ kind: "clear" });
  const together = at - Math.max(button.downSince, other.downSince);
  const chord = isValid && isHeld(other) && together >= clearHold;
  // Without this, the button that is still held would repeat for the whole time of the chord.
  return { ...state, [name]: released, [otherName]: { ...other, noRepeats: other.down }, chord };
}

const nudge = (name: "a" | "b", repeat: boolean): Gesture => ({
  kind: "nudge",
  direction: name === "b" ? 1 : -1,
  repeat,
});

function holdDeadline(state: ButtonsState, name: ButtonName): Deadline | undefined {
  const button = state[name];
  if (!isHeld(button)) return undefined;
  const stuckAt = millis(button.heldSince + stuckAfter);
  const stuck: Deadline = {
    at: stuckAt,
    fire: (gestures) => {
      gestures.push({ kind: "stuck", button: name });
      return { ...state, [name]: { ...button, stuck: true }, chord: false };
    },
  };
  if (button.noRepeats || name === "mode") return stuck;
  const repeatAt = millis(button.heldSince + repeatTime(button.repeats));
  if (isHeld(state[name === "a" ? "b" : "a"]) || repeatAt >= stuckAt) return stuck;
  const fire = (gestures: Gesture[]) => {
    gestures.push(nudge(name, true));
    return { ...state, [name]: { ...button, repeats: button.repeats + 1 } };
  };
  return { at: repeatAt, fire };
}

/** When the next repeat is due, counted from the press. */
function repeatTime(done: number): number {
  const slow = Math.min(done, slowRepeats);
  return repeatDelay + slow * repeatEvery + (done - slow) * repeatFast;
}
