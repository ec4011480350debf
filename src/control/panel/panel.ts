/**
 * Folder panel/: what people set and see: buttons, set-point, mode, screen.
 *
 * What people set, at the device or from afar: set-point, mode, switch, calibration, with one set of limits for all.
 *
 * Guarantee: no value leaves its limits; a request that is not followed is an event with a reason; every change is
 * counted, with who made it and what was there before.
 */

import type { Millis, WallMillis } from "../../base/units.ts";
import {
  type ControlValue,
  eachWritable,
  type WritableName,
  type WritableQuantities,
  writableSpec,
} from "../../model/properties.ts";
import type { Settings } from "../../model/settings-table.ts";
import type { Source } from "../../model/sources.ts";
import type { Change, Request } from "../input.ts";
import { adjusted, whyRefused } from "../limits.ts";
import type { BoostEnd, ControlEvent } from "../output.ts";
import type { Boost } from "./boost.ts";
import { extendBoost, isOver, relabelBoost } from "./boost.ts";
import type { Gesture } from "./buttons.ts";
import type { Hold } from "./hold.ts";
import { noteHold, takenBack } from "./hold.ts";
import { nudgeTarget } from "./set-point.ts";

export interface Panel {
  readonly values: WritableQuantities;
  readonly changes: Readonly<Record<WritableName, Change>>;
  /** Running now. */
  readonly boost: Boost | undefined;
  /** A or B is down and did something. */
  readonly hold: Hold | undefined;
}

/** What holds until somebody says otherwise, and again when the cloud takes its word back (RR-7). */
export const defaultValues = (settings: Settings): WritableQuantities =>
  eachWritable((name) => {
    const { initial, default: always } = writableSpec(name);
    return initial === undefined ? always : settings[initial];
  }) as unknown as WritableQuantities;

export function startPanel(settings: Settings, wallMs: WallMillis): Panel {
  const none: Change = { source: "default", wallMs, serial: 0 };
  const changes = eachWritable(() => none);
  return { values: defaultValues(settings), changes, boost: undefined, hold: undefined };
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
    const { kind } = request;
    const name = kind === "set" ? { name: request.name } : {};
    events.push({ kind: "refused", request: kind, ...name, reason: refusal });
    return panel;
  }
  const { source } = request;
  switch (request.kind) {
    case "set":
      return set(panel, request.name, adjusted(request.name, request.value, settings), source, context);
    case "boost":
      if (request.minutes === 0) return endBoost(panel, "request", events);
      events.push({ kind: "boost", minutes: request.minutes, source });
      return { ...panel, boost: extendBoost(panel.boost, request.minutes, context.now, context.wallMs) };
  }
}

function whyNotNow(panel: Panel, request: PanelRequest): string | undefined {
  const inVain = request.kind === "boost" && request.minutes > 0 && panel.values.controlMode === "manual";
  return inVain ? "would do nothing: manual mode follows the heater switch; set auto first" : undefined;
}

/** The buttons' side of it. A long press acts in manual mode only: in auto there is nothing to switch. */
export function applyGesture(
  panel: Panel,
  gesture: Exclude<Gesture, { kind: "clear" }>,
  context: PanelContext,
): Panel {
  const isManual = panel.values.controlMode === "manual";
  switch (gesture.kind) {
    case "nudge": {
      // Whoever presses sees the raised aim: the first press takes that away, the next moves the set-point.
      const after = panel.boost ? endBoost(panel, "press", context.events) : nudge(panel, gesture, context);
      return after === panel ? panel : { ...after, hold: noteHold(panel.hold, panel, after) };
    }
    case "stuck":
      return gesture.button === "mode" ? panel : undoHold(panel, gesture.button, context);
    case "mode-short":
      return set(panel, "controlMode", isManual ? "auto" : "manual", "device", context);
    case "mode-long":
      return isManual ? set(panel, "heaterSwitch", !panel.values.heaterSwitch, "device", context) : panel;
  }
}

function nudge(
  panel: Panel,
  { direction, repeat }: Extract<Gesture, { kind: "nudge" }>,
  context: PanelContext,
): Panel {
  const { targetTemperature } = panel.values;
  const target = nudgeTarget(targetTemperature, direction, context.settings);
  return target === targetTemperature
    ? panel
    : set(panel, "targetTemperature", target, "device", context, repeat);
}

/** The finger is off. */
export const letGo = (panel: Panel): Panel => (panel.hold ? { ...panel, hold: undefined } : panel);

/** SR-13. Who had set the set-point before has set it again, as a new change: the twin is told so. */
function undoHold(panel: Panel, button: "a" | "b", { now, events }: PanelContext): Panel {
  const { hold, values, changes } = panel;
  const back = hold && takenBack(hold, panel, now);
  if (!hold || !back) return letGo(panel);
  const [from, to, name] = [values.targetTemperature, back.target, "targetTemperature" as const];
  const isMoved = to !== from;
  if (isMoved) {
    events.push({ kind: "changed", name, from, to, source: "device", because: "stuck-button", button });
  }
  if (back.boost && !panel.boost) {
    const minutes = Math.ceil((back.boost.until - now) / 60_000);
    events.push({ kind: "boost", minutes, source: "device" });
  }
  const change = isMoved ? { ...hold.before.changes[name], serial: nextSerial(panel) } : changes[name];
  return {
    values: { ...values, [name]: to },
    changes: { ...changes, [name]: change },
    boost: back.boost,
    hold: undefined,
  };
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

/** Whoever sets one of these has another heat in mind. */
const endsBoost: { readonly [K in WritableName]?: BoostEnd } = {
  targetTemperature: "set-point",
  controlMode: "mode",
};

/**
 * @param to has passed `adjusted`
 * @param ongoing a held button: the change began with the press
 */
function set(
  panel: Panel,
  name: WritableName,
  to: ControlValue,
  source: Source,
  context: PanelContext,
  ongoing = false,
): Panel {
  const { events, wallMs } = context;
  const { values, changes } = panel;
  if (to !== values[name]) events.push({ kind: "changed", name, from: values[name], to, source });
  const because = endsBoost[name];
  const from = (ongoing ? changes[name].from : undefined) ?? values[name];
  return {
    ...(because ? endBoost(panel, because, events) : panel),
    values: { ...values, [name]: to },
    changes: { ...changes, [name]: { source, wallMs, serial: nextSerial(panel), from } },
  };
}

const nextSerial = ({ changes }: Panel): number =>
  1 + Math.max(...Object.values(changes).map((change) => change.serial));
