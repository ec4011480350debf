/**
 * The user input of one step: applies button gestures and requests to the panel, in order.
 *
 * Guarantee: locked buttons still wake the screen; remote requests have the same limits as the buttons.
 */

import type { Millis } from "../../base/units.ts";
import { millis, seconds } from "../../base/units.ts";
import type { ButtonEdge, Input, Request } from "../input.ts";
import { validateRequest } from "../limits.ts";
import type { ControlEvent } from "../output.ts";
import { setPointFrom, setPointOf } from "../schedule/schedule.ts";
import { type ControlState, makeRules, type Rules } from "../state.ts";
import type { TwinShadow } from "../twin/shadow.ts";
import type { ButtonsState } from "./buttons.ts";
import { adjusting, stepButtons } from "./buttons.ts";
import type { Panel, PanelContext } from "./panel.ts";
import { applyGesture, applyRequest, passTime, releaseButtons } from "./panel.ts";
import { underSettings } from "./under-settings.ts";

export interface UserInput {
  readonly rules: Rules;
  readonly buttons: ButtonsState;
  readonly panel: Panel;
  readonly twin: TwinShadow;
  /** End of the blinking of LED and screen. */
  readonly identifyUntil: Millis | undefined;
  /** Clear latched faults. */
  readonly clear: boolean;
  /** Forget what was learned of the room. */
  readonly forget: boolean;
  /** Count the relay's cycles from 0. */
  readonly relayReplaced: boolean;
  readonly touched: boolean;
  /** A change must be stored at once. */
  readonly changed: boolean;
  /** A held button has changed the set-point and is still held. */
  readonly unsettled: boolean;
  readonly wakeAt: Millis | undefined;
}

/** @param offset from the caller's clock to the core's time */
export function readUserInput(
  state: ControlState,
  input: Input,
  now: Millis,
  offset: Millis,
  events: ControlEvent[],
): UserInput {
  const other = input.requests.findLast((request) => request.kind === "use-settings");
  const rules = other === undefined ? state.rules : makeRules(other.settings);
  const { settings } = rules;
  const context: PanelContext = { settings, now, wallMs: input.wallMs, local: input.local, events };
  const edges = offset === 0 ? input.buttons : input.buttons.map((edge) => shift(edge, offset));
  const buttons = stepButtons(state.buttons, edges, now);
  const before = other === undefined ? state.panel : underSettings(state.panel, other.source, context);
  let panel = passTime(before, context);
  let clear = false;
  let changed = panel !== state.panel;
  let repeated = state.unsettled;
  for (const gesture of settings.buttonsLocked ? [] : buttons.gestures) {
    if (gesture.kind === "clear") {
      clear = true;
      continue;
    }
    const pressed = applyGesture(panel, gesture, context);
    if (pressed === panel) continue;
    panel = pressed;
    if (gesture.kind === "nudge" && gesture.repeat) repeated = true;
    else changed = true;
  }
  if (!adjusting(buttons.state)) panel = releaseButtons(panel);
  const requested = applyRequests(
    {
      panel,
      twin: state.twin,
      identifyUntil: state.identifyUntil,
      clear,
      forget: false,
      relayReplaced: false,
    },
    input,
    context,
  );
  const followed = passTime(requested.panel, context);
  reportSetPoint(state.panel, followed, events);
  changed ||= followed !== panel || requested.twin !== state.twin;
  changed ||= requested.forget || requested.relayReplaced;
  const unsettled = repeated && adjusting(buttons.state);
  return {
    ...requested,
    rules,
    panel: followed,
    buttons: buttons.state,
    touched: buttons.touched,
    changed: changed || (repeated && !unsettled),
    unsettled,
    wakeAt: buttons.wakeAt,
  };
}

/** Reports when the set-point in force, or what decides it, has changed. */
function reportSetPoint(before: Panel, panel: Panel, events: ControlEvent[]): void {
  const [from, target] = [setPointFrom(panel), setPointOf(panel)];
  const isSame = from === setPointFrom(before) && (target === setPointOf(before) || !isScheduled(from));
  if (!isSame) events.push({ kind: "set-point", from, target });
}

const isScheduled = (from: ReturnType<typeof setPointFrom>): boolean =>
  from === "away" || from === "schedule";

type Requested = Pick<UserInput, "panel" | "twin" | "identifyUntil" | "clear" | "forget" | "relayReplaced">;

/** Applies the requests in order. */
function applyRequests(before: Requested, input: Input, context: PanelContext): Requested {
  let requested = before;
  for (const request of input.requests) {
    switch (request.kind) {
      case "clear-faults":
        requested = { ...requested, clear: true };
        break;
      case "forget-room":
        requested = { ...requested, forget: true };
        break;
      case "relay-replaced":
        requested = { ...requested, relayReplaced: true };
        break;
      case "use-settings":
        // In force already, for everything else of this step.
        break;
      case "store-shadow":
        requested = { ...requested, twin: request.shadow };
        break;
      case "identify":
        requested = { ...requested, identifyUntil: identify(request, context) ?? requested.identifyUntil };
        break;
      default:
        requested = { ...requested, panel: applyRequest(requested.panel, request, context) };
    }
  }
  return requested;
}

function identify(
  request: Extract<Request, { kind: "identify" }>,
  { settings, now, events }: PanelContext,
): Millis | undefined {
  const { kind, source } = request;
  const refusal = validateRequest(request, settings);
  if (refusal === undefined) events.push({ kind, seconds: request.seconds, source });
  else events.push({ kind: "refused", request: kind, reason: refusal });
  return refusal === undefined ? millis(now + seconds(request.seconds)) : undefined;
}

const shift = (edge: ButtonEdge, offset: Millis): ButtonEdge => ({
  ...edge,
  atMs: millis(edge.atMs + offset),
});
