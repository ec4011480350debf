/**
 * One step's worth of people: button gestures and requests, applied to the panel in order.
 *
 * Guarantee: a locked panel still wakes the screen; requests from afar pass the same limits as the buttons.
 */
import type { ButtonsState } from "./buttons.ts";
import { adjusting, stepButtons } from "./buttons.ts";
import type { ButtonEdge, Input } from "./input.ts";
import type { ControlEvent } from "./output.ts";
import type { Panel } from "./panel.ts";
import { applyGesture, applyRequest } from "./panel.ts";
import type { ControlState } from "./state.ts";
import type { Millis } from "./units.ts";
import { millis } from "./units.ts";

export interface People {
  readonly buttons: ButtonsState;
  readonly panel: Panel;
  /** Somebody wants latched faults cleared. */
  readonly clear: boolean;
  readonly touched: boolean;
  /** Something changed that is to be stored at once. */
  readonly changed: boolean;
  /** A hold has moved the set-point and goes on. */
  readonly unsettled: boolean;
  readonly wakeAt: Millis | undefined;
}

/** @param offset from the caller's clock to `now`'s */
export function hearPeople(
  state: ControlState,
  input: Input,
  now: Millis,
  offset: Millis,
  events: ControlEvent[],
): People {
  const { settings } = state.rules;
  const edges = offset === 0 ? input.buttons : input.buttons.map((edge) => shift(edge, offset));
  const heard = stepButtons(state.buttons, edges, now);
  let panel = state.panel;
  let clear = false;
  let changed = false;
  let repeated = state.unsettled;
  for (const gesture of settings.buttonsLocked ? [] : heard.gestures) {
    if (gesture.kind === "clear") {
      clear = true;
      continue;
    }
    const before = panel;
    panel = applyGesture(panel, gesture, settings, input.wallMs, events);
    if (panel === before) continue;
    if (gesture.kind === "nudge" && gesture.repeat) repeated = true;
    else changed = true;
  }
  for (const request of input.requests) {
    if (request.kind === "clear-faults") {
      clear = true;
      continue;
    }
    const before = panel;
    panel = applyRequest(panel, request, settings, input.wallMs, events);
    changed ||= panel !== before;
  }
  const unsettled = repeated && adjusting(heard.state);
  return {
    buttons: heard.state,
    panel,
    clear,
    touched: heard.touched,
    changed: changed || (repeated && !unsettled),
    unsettled,
    wakeAt: heard.wakeAt,
  };
}

const shift = (edge: ButtonEdge, offset: Millis): ButtonEdge => ({
  ...edge,
  atMs: millis(edge.atMs + offset),
});
