/**
 * From button edges to gestures, with time as an argument.
 *
 * Guarantees: a glitch shorter than the debounce time does nothing; a press acts when it goes down, however late
 * the loop comes to see it; a button held beyond a minute is stuck and does nothing until it is released; the
 * number of gestures of one call is bounded, whatever the time passed.
 */
import type { ButtonEdge, ButtonName } from "./input.ts";
import type { Millis } from "./units.ts";
import { millis, seconds } from "./units.ts";

/** The board does no debouncing. 10 ms is past the bounce of tactile switches and leaves a press inside 20 ms. */
const debounce = millis(10);
const repeatDelay = millis(500);
const repeatEvery = millis(250);
const repeatFast = millis(100);
/** Repeats at the slower pace before the faster one. */
const slowRepeats = 8;
const longPress = seconds(1);
const clearHold = seconds(3);
const stuckAfter = seconds(60);

export type Gesture =
  /** B pressed or repeating is +1, A is −1. */
  | { readonly kind: "nudge"; readonly direction: 1 | -1; readonly repeat: boolean }
  | { readonly kind: "mode-short" }
  | { readonly kind: "mode-long" }
  /** A and B held together for 3 s: clear the faults. */
  | { readonly kind: "clear" };

interface Button {
  /** Level of the last edge, and since when. */
  readonly raw: boolean;
  readonly rawSince: Millis;
  /** The level after debouncing, and since when. */
  readonly down: boolean;
  readonly downSince: Millis;
  readonly repeats: number;
  /** The hold has had its effect (long press, chord): no repeat, no short press on release. */
  readonly spent: boolean;
  readonly stuck: boolean;
}

export type ButtonsState = Readonly<Record<ButtonName, Button>>;

export interface ButtonsResult {
  readonly state: ButtonsState;
  readonly gestures: readonly Gesture[];
  /** Somebody pressed something: wakes the screen. */
  readonly touched: boolean;
  /** When the next gesture may come without another edge. */
  readonly wakeAt: Millis | undefined;
}

const names: readonly ButtonName[] = ["a", "b", "mode"];

export function startButtons(now: Millis): ButtonsState {
  const released: Button = {
    raw: false,
    rawSince: now,
    down: false,
    downSince: now,
    repeats: 0,
    spent: false,
    stuck: false,
  };
  return { a: released, b: released, mode: released };
}

/** A button that is held since longer than anybody would. */
export const stuckButton = (state: ButtonsState): ButtonName | undefined =>
  names.find((name) => state[name].stuck);

/** A or B is down: the set-point is still on the move. */
export const adjusting = (state: ButtonsState): boolean => isHeld(state.a) || isHeld(state.b);

const isHeld = (button: Button) => button.down && !button.stuck;

/** @param edges in order of time; later than `now` counts as now. */
export function stepButtons(state: ButtonsState, edges: readonly ButtonEdge[], now: Millis): ButtonsResult {
  if (edges.length === 0 && names.every((name) => isIdle(state[name]))) {
    return { state, gestures: [], touched: false, wakeAt: undefined };
  }
  const gestures: Gesture[] = [];
  let current = state;
  let touched = false;
  const advance = (until: Millis) => {
    for (;;) {
      const due = nextDeadline(current);
      if (!due || due.at > until) return;
      if (due.pressed) touched = true;
      current = due.fire(gestures);
    }
  };
  for (const edge of edges) {
    const button = current[edge.button];
    const at = millis(Math.min(now, Math.max(edge.atMs, button.rawSince)));
    advance(millis(at - 1));
    const seen = current[edge.button];
    if (seen.raw !== edge.pressed) {
      current = { ...current, [edge.button]: { ...seen, raw: edge.pressed, rawSince: at } };
    }
  }
  advance(now);
  return { state: current, gestures, touched, wakeAt: nextDeadline(current)?.at };
}

const isIdle = (button: Button) => !button.raw && !button.down;

interface Deadline {
  readonly at: Millis;
  readonly pressed?: boolean;
  readonly fire: (gestures: Gesture[]) => ButtonsState;
}

/** What happens next if no edge comes; each firing moves it on, so a loop over it ends. */
function nextDeadline(state: ButtonsState): Deadline | undefined {
  let next: Deadline | undefined;
  for (const name of names) {
    const found = deadlineOf(state, name);
    if (found && (!next || found.at < next.at)) next = found;
  }
  const chord = chordDeadline(state);
  return chord && (!next || chord.at <= next.at) ? chord : next;
}

function deadlineOf(state: ButtonsState, name: ButtonName): Deadline | undefined {
  const button = state[name];
  const hold = holdDeadline(state, name);
  const settlesAt = millis(button.rawSince + debounce);
  if (button.raw === button.down || (hold && hold.at < settlesAt)) return hold;
  const pressed = button.raw;
  return { at: settlesAt, pressed, fire: (gestures) => settle(state, name, settlesAt, gestures) };
}

/** The debounced level changes. */
function settle(state: ButtonsState, name: ButtonName, at: Millis, gestures: Gesture[]): ButtonsState {
  const button = state[name];
  if (button.raw) {
    if (name !== "mode") gestures.push(nudge(name, false));
    const pressed = { ...button, down: true, downSince: at, repeats: 0, spent: false };
    return { ...state, [name]: pressed };
  }
  const released = { ...button, down: false, downSince: at, stuck: false };
  if (name === "mode") {
    if (!button.spent && !button.stuck) gestures.push({ kind: "mode-short" });
    return { ...state, mode: released };
  }
  // The other one of a pair goes on being held: without this it would repeat all that the pair held back.
  const other = name === "a" ? "b" : "a";
  return { ...state, [name]: released, [other]: { ...state[other], spent: state[other].down } };
}

const nudge = (name: "a" | "b", repeat: boolean): Gesture => ({
  kind: "nudge",
  direction: name === "b" ? 1 : -1,
  repeat,
});

function holdDeadline(state: ButtonsState, name: ButtonName): Deadline | undefined {
  const button = state[name];
  if (!isHeld(button)) return undefined;
  const stuckAt = millis(button.downSince + stuckAfter);
  const stuck: Deadline = { at: stuckAt, fire: () => ({ ...state, [name]: { ...button, stuck: true } }) };
  if (button.spent) return stuck;
  if (name === "mode") {
    const fire = (gestures: Gesture[]) => {
      gestures.push({ kind: "mode-long" });
      return { ...state, mode: { ...button, spent: true } };
    };
    return { at: millis(button.downSince + longPress), fire };
  }
  const repeatAt = millis(button.downSince + repeatTime(button.repeats));
  const partner = state[name === "a" ? "b" : "a"];
  if (isHeld(partner) || repeatAt >= stuckAt) return stuck;
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

function chordDeadline(state: ButtonsState): Deadline | undefined {
  const { a, b } = state;
  if (!isHeld(a) || !isHeld(b) || a.spent || b.spent) return undefined;
  const fire = (gestures: Gesture[]) => {
    gestures.push({ kind: "clear" });
    return { ...state, a: { ...a, spent: true }, b: { ...b, spent: true } };
  };
  return { at: millis(Math.max(a.downSince, b.downSince) + clearHold), fire };
}
