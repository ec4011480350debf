/**
 * Folder panel/: what people set and see: buttons, set-point, mode, screen.
 *
 * What people set, at the device or from afar: set-point, mode, switch, calibration, with one set of limits for all.
 *
 * Guarantee: no value leaves its limits; a request that is not followed is an event with a reason; every change is
 * counted, with who made it and what was there before.
 */

import type { Celsius, Kelvin, Millis, WallMillis } from "../../base/units.ts";
import { kelvin } from "../../base/units.ts";
import { writableProperties } from "../../model/cloud-model.ts";
import type { Settings } from "../../model/settings-table.ts";
import type { Change, ChangeSource, ControlMode, Request } from "../input.ts";
import { whyRefused } from "../limits.ts";
import type { BoostEnd, ControlEvent } from "../output.ts";
import type { Boost } from "./boost.ts";
import { extendBoost, isOver, relabelBoost } from "./boost.ts";
import type { Gesture } from "./buttons.ts";
import type { Hold } from "./hold.ts";
import { noteHold, takenBack } from "./hold.ts";
import { clampTarget, nudgeTarget } from "./set-point.ts";

export interface PanelValues {
  readonly target: Celsius;
  readonly mode: ControlMode;
  /** What manual mode follows. */
  readonly heaterSwitch: boolean;
  /** Added to every reading. */
  readonly sensorOffset: Kelvin;
  /** Seconds. */
  readonly telemetryInterval: number;
}
export type PanelKey = keyof PanelValues;

export interface Panel extends PanelValues {
  readonly changes: Readonly<Record<PanelKey, Change>>;
  /** Running now. */
  readonly boost: Boost | undefined;
  /** A or B is down and did something. */
  readonly hold: Hold | undefined;
}

/** What holds until somebody says otherwise, and again when the cloud takes its word back (RR-7). */
export const defaultValues = (settings: Settings): PanelValues => ({
  target: settings.targetInitial,
  mode: settings.modeInitial,
  heaterSwitch: false,
  sensorOffset: settings.sensorOffset,
  telemetryInterval: writableProperties.telemetryInterval.default,
});

export function startPanel(settings: Settings, wallMs: WallMillis): Panel {
  const none: Change = { source: "default", wallMs, serial: 0 };
  const changes = {
    target: none,
    mode: none,
    heaterSwitch: none,
    sensorOffset: none,
    telemetryInterval: none,
  };
  return { ...defaultValues(settings), changes, boost: undefined, hold: undefined };
}

/** What the panel needs to know to act, and where it says what it did. */
export interface PanelContext {
  readonly settings: Settings;
  readonly now: Millis;
  readonly wallMs: WallMillis;
  readonly events: ControlEvent[];
}

export type PanelRequest = Exclude<Request, { kind: "clear-faults" | "identify" | "keep-twin" }>;

/** Changes the panel and reports it. The same value again changes nothing but who wanted it. */
export function applyRequest(panel: Panel, request: PanelRequest, context: PanelContext): Panel {
  const { settings, events } = context;
  const refusal = whyRefused(request, settings) ?? whyNotNow(panel, request);
  if (refusal !== undefined) {
    events.push({ kind: "refused", request: request.kind, reason: refusal });
    return panel;
  }
  const { source } = request;
  switch (request.kind) {
    case "set-target":
      return setTarget(panel, clampTarget(request.target, settings), source, context);
    case "set-mode":
      return setMode(panel, request.mode, source, context);
    case "set-heater-switch":
      return setHeaterSwitch(panel, request.on, source, context);
    case "set-sensor-offset": {
      const [from, to] = [panel.sensorOffset, kelvin(Math.round(request.offset * 100) / 100)];
      if (to !== from) events.push({ kind: "sensor-offset", from, to, source });
      return { ...panel, sensorOffset: to, changes: note(panel, "sensorOffset", source, context) };
    }
    case "set-telemetry-interval": {
      const [from, to] = [panel.telemetryInterval, request.seconds];
      if (to !== from) events.push({ kind: "telemetry-interval", from, to, source });
      return { ...panel, telemetryInterval: to, changes: note(panel, "telemetryInterval", source, context) };
    }
    case "boost":
      if (request.minutes === 0) return endBoost(panel, "request", events);
      events.push({ kind: "boost", minutes: request.minutes, source });
      return { ...panel, boost: extendBoost(panel.boost, request.minutes, context.now, context.wallMs) };
  }
}

function whyNotNow(panel: Panel, request: PanelRequest): string | undefined {
  const inVain = request.kind === "boost" && request.minutes > 0 && panel.mode === "manual";
  return inVain ? "would do nothing: manual mode follows the heater switch; set auto first" : undefined;
}

/** The buttons' side of it. A long press acts in manual mode only: in auto there is nothing to switch. */
export function applyGesture(
  panel: Panel,
  gesture: Exclude<Gesture, { kind: "clear" }>,
  context: PanelContext,
): Panel {
  switch (gesture.kind) {
    case "nudge": {
      // Whoever presses sees the raised aim: the first press takes that away, the next moves the set-point.
      const after = panel.boost ? endBoost(panel, "press", context.events) : nudge(panel, gesture, context);
      return after === panel ? panel : { ...after, hold: noteHold(panel.hold, panel, after) };
    }
    case "stuck":
      return gesture.button === "mode" ? panel : undoHold(panel, gesture.button, context);
    case "mode-short":
      return setMode(panel, panel.mode === "auto" ? "manual" : "auto", "device", context);
    case "mode-long":
      return panel.mode === "manual" ? setHeaterSwitch(panel, !panel.heaterSwitch, "device", context) : panel;
  }
}

function nudge(
  panel: Panel,
  { direction, repeat }: Extract<Gesture, { kind: "nudge" }>,
  context: PanelContext,
): Panel {
  const target = nudgeTarget(panel.target, direction, context.settings);
  return target === panel.target ? panel : setTarget(panel, target, "device", context, repeat);
}

/** The finger is off. */
export const letGo = (panel: Panel): Panel => (panel.hold ? { ...panel, hold: undefined } : panel);

/** SR-13. Who had set the set-point before has set it again, as a new change: the twin is told so. */
function undoHold(panel: Panel, button: "a" | "b", { now, events }: PanelContext): Panel {
  const { hold, target: from } = panel;
  const back = hold && takenBack(hold, panel, now);
  if (!hold || !back) return letGo(panel);
  const { target: to } = back;
  if (to !== from)
    events.push({ kind: "target", from, to, source: "device", because: "stuck-button", button });
  if (back.boost && !panel.boost) {
    const minutes = Math.ceil((back.boost.until - now) / 60_000);
    events.push({ kind: "boost", minutes, source: "device" });
  }
  const target =
    to === from ? panel.changes.target : { ...hold.before.changes.target, serial: nextSerial(panel) };
  return { ...panel, ...back, changes: { ...panel.changes, target }, hold: undefined };
}

/** Ends a boost whose time is over. */
export function passTime(panel: Panel, { now, wallMs, events }: PanelContext): Panel {
  if (!panel.boost) return panel;
  if (isOver(panel.boost, now, wallMs)) return endBoost(panel, "time", events);
  const boost = relabelBoost(panel.boost, now, wallMs);
  return boost === panel.boost ? panel : { ...panel, boost };
}

function endBoost(panel: Panel, because: BoostEnd, events: ControlEvent[]): Panel {
  if (!panel.boost) return panel;
  events.push({ kind: "boost-ended", because });
  return { ...panel, boost: undefined };
}

/** @param ongoing a held button: the change began with the press */
function setTarget(
  panel: Panel,
  to: Celsius,
  source: ChangeSource,
  context: PanelContext,
  ongoing = false,
): Panel {
  const { events } = context;
  if (to !== panel.target) events.push({ kind: "target", from: panel.target, to, source });
  const changes = note(panel, "target", source, context, ongoing);
  return { ...endBoost(panel, "set-point", events), target: to, changes };
}

function setMode(panel: Panel, mode: ControlMode, source: ChangeSource, context: PanelContext): Panel {
  const { events } = context;
  if (mode !== panel.mode) events.push({ kind: "mode", mode, source });
  const changes = note(panel, "mode", source, context);
  return { ...endBoost(panel, "mode", events), mode, changes };
}

function setHeaterSwitch(panel: Panel, on: boolean, source: ChangeSource, context: PanelContext): Panel {
  if (on !== panel.heaterSwitch) context.events.push({ kind: "heater-switch", on, source });
  return { ...panel, heaterSwitch: on, changes: note(panel, "heaterSwitch", source, context) };
}

const nextSerial = ({ changes }: Panel): number =>
  1 + Math.max(...Object.values(changes).map((change) => change.serial));

function note(
  panel: Panel,
  key: PanelKey,
  source: ChangeSource,
  { wallMs }: PanelContext,
  ongoing = false,
): Panel["changes"] {
  const serial = nextSerial(panel);
  const from = (ongoing ? panel.changes[key].from : undefined) ?? panel[key];
  return { ...panel.changes, [key]: { source, wallMs, serial, from } };
}
