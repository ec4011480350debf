/**
 * What people set, at the device or from afar: set-point, mode and the manual switch, with one set of limits for all.
 *
 * Guarantee: the set-point never leaves its limits; a request that is not followed is an event with a reason.
 */
import type { Gesture } from "./buttons.ts";
import type { Change, ControlMode, Request } from "./input.ts";
import type { ControlEvent } from "./output.ts";
import { clampTarget, nudgeTarget } from "./set-point.ts";
import type { Settings } from "./settings-table.ts";
import type { Celsius, WallMillis } from "./units.ts";

export interface Panel {
  readonly target: Celsius;
  readonly mode: ControlMode;
  /** What manual mode follows. */
  readonly heaterSwitch: boolean;
  readonly changes: { readonly target: Change; readonly mode: Change; readonly heaterSwitch: Change };
}

export function startPanel(settings: Settings, wallMs: WallMillis): Panel {
  const change: Change = { source: "default", wallMs };
  return {
    target: settings.targetInitial,
    mode: settings.modeInitial,
    heaterSwitch: false,
    changes: { target: change, mode: change, heaterSwitch: change },
  };
}

/** Everything but clearing faults, which is not the panel's business. */
export type PanelRequest = Exclude<Request, { kind: "clear-faults" }>;

/** Changes the panel and reports it. The same value again changes nothing but who wanted it. */
export function applyRequest(
  panel: Panel,
  request: PanelRequest,
  settings: Settings,
  wallMs: WallMillis,
  events: ControlEvent[],
): Panel {
  const { source } = request;
  switch (request.kind) {
    case "set-target": {
      const { targetMin, targetMax } = settings;
      if (!(request.target >= targetMin && request.target <= targetMax)) {
        const reason = `${request.target} °C is not within ${targetMin} to ${targetMax} °C`;
        events.push({ kind: "refused", request: request.kind, reason });
        return panel;
      }
      return setTarget(panel, clampTarget(request.target, settings), { source, wallMs }, events);
    }
    case "set-mode":
      return setMode(panel, request.mode, { source, wallMs }, events);
    case "set-heater-switch":
      return setHeaterSwitch(panel, request.on, { source, wallMs }, events);
  }
}

/** The buttons' side of it. A long press acts in manual mode only: in auto there is nothing to switch. */
export function applyGesture(
  panel: Panel,
  gesture: Exclude<Gesture, { kind: "clear" }>,
  settings: Settings,
  wallMs: WallMillis,
  events: ControlEvent[],
): Panel {
  const change: Change = { source: "device", wallMs };
  switch (gesture.kind) {
    case "nudge": {
      const target = nudgeTarget(panel.target, gesture.direction, settings);
      return target === panel.target ? panel : setTarget(panel, target, change, events);
    }
    case "mode-short":
      return setMode(panel, panel.mode === "auto" ? "manual" : "auto", change, events);
    case "mode-long":
      return panel.mode === "manual" ? setHeaterSwitch(panel, !panel.heaterSwitch, change, events) : panel;
  }
}

function setTarget(panel: Panel, to: Celsius, change: Change, events: ControlEvent[]): Panel {
  if (to !== panel.target) events.push({ kind: "target", from: panel.target, to, source: change.source });
  return { ...panel, target: to, changes: { ...panel.changes, target: change } };
}

function setMode(panel: Panel, mode: ControlMode, change: Change, events: ControlEvent[]): Panel {
  if (mode !== panel.mode) events.push({ kind: "mode", mode, source: change.source });
  return { ...panel, mode, changes: { ...panel.changes, mode: change } };
}

function setHeaterSwitch(panel: Panel, on: boolean, change: Change, events: ControlEvent[]): Panel {
  if (on !== panel.heaterSwitch) events.push({ kind: "heater-switch", on, source: change.source });
  return { ...panel, heaterSwitch: on, changes: { ...panel.changes, heaterSwitch: change } };
}
