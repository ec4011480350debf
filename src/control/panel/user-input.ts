/**
 * One step's worth of people: button gestures and requests, applied to the panel in order.
 *
 * Guarantee: a locked panel still wakes the screen; requests from afar pass the same limits as the buttons.
 */

import type { Millis } from "../../base/units.ts";
import { millis, seconds } from "../../base/units.ts";
import type { ButtonEdge, Input, Request } from "../input.ts";
import { whyRefused } from "../limits.ts";
import type { ControlEvent } from "../output.ts";
import type { ControlState } from "../state.ts";
import type { TwinShadow } from "../twin/shadow.ts";
import type { ButtonsState } from "./buttons.ts";
import { adjusting, stepButtons } from "./buttons.ts";
import type { Panel, PanelContext } from "./panel.ts";
import { applyGesture, applyRequest, letGo, passTime } from "./panel.ts";

export interface UserInput {
  readonly buttons: ButtonsState;
  readonly panel: Panel;
  readonly twin: TwinShadow;
  /** Until when LED and screen blink. */
  readonly identifyUntil: Millis | undefined;
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
export function readUserInput(
  state: ControlState,
  input: Input,
  now: Millis,
  offset: Millis,
  events: ControlEvent[],
): UserInput {
  const { settings } = state.rules;
  const context: PanelContext = { settings, now, wallMs: input.wallMs, events };
  const edges = offset === 0 ? input.buttons : input.buttons.map((edge) => shift(edge, offset));
  const heard = stepButtons(state.buttons, edges, now);
  let panel = passTime(state.panel, context);
  let clear = false;
  let changed = panel !== state.panel;
  let repeated = state.unsettled;
  for (const gesture of settings.buttonsLocked ? [] : heard.gestures) {
    if (gesture.kind === "clear") {
      clear = true;
      continue;
    }
    const before = panel;
    panel = applyGesture(panel, gesture, context);
    if (panel === before) continue;
    if (gesture.kind === "nudge" && gesture.repeat) repeated = true;
    else changed = true;
  }
  if (!adjusting(heard.state)) panel = letGo(panel);
  const asked = follow(
    { panel, twin: state.twin, identifyUntil: state.identifyUntil, clear },
    input,
    context,
  );
  changed ||= asked.panel !== panel || asked.twin !== state.twin;
  const unsettled = repeated && adjusting(heard.state);
  return {
    ...asked,
    buttons: heard.state,
    touched: heard.touched,
    changed: changed || (repeated && !unsettled),
    unsettled,
    wakeAt: heard.wakeAt,
  };
}

type Asked = Pick<UserInput, "panel" | "twin" | "identifyUntil" | "clear">;

/** The requests, in order. */
function follow(before: Asked, input: Input, context: PanelContext): Asked {
  let asked = before;
  for (const request of input.requests) {
    switch (request.kind) {
      case "clear-faults":
        asked = { ...asked, clear: true };
        break;
      case "keep-twin":
        asked = { ...asked, twin: request.shadow };
        break;
      case "identify":
        asked = { ...asked, identifyUntil: identify(request, context) ?? asked.identifyUntil };
        break;
      default:
        asked = { ...asked, panel: applyRequest(asked.panel, request, context) };
    }
  }
  return asked;
}

function identify(
  request: Extract<Request, { kind: "identify" }>,
  { settings, now, events }: PanelContext,
): Millis | undefined {
  const { kind, source } = request;
  const refusal = whyRefused(request, settings);
  if (refusal === undefined) events.push({ kind, seconds: request.seconds, source });
  else events.push({ kind: "refused", request: kind, reason: refusal });
  return refusal === undefined ? millis(now + seconds(request.seconds)) : undefined;
}

const shift = (edge: ButtonEdge, offset: Millis): ButtonEdge => ({
  ...edge,
  atMs: millis(edge.atMs + offset),
});
