/**
 * Folder panel/: user input and display: buttons, set-point, mode, screen.
 *
 * The values that users set, at the device or remotely: set-point, mode, switch, calibration, with common limits.
 *
 * Guarantee: values stay within their limits; a refused request is an event with a reason; every change is numbered and
 * recorded with its source and the previous value.
 */

import { isTrustedWallTime } from "../../base/clock.ts";
import { equalJson } from "../../base/json/value.ts";
import { type Millis, type WallMillis, wallMillis } from "../../base/units.ts";
import { commands, type Preset } from "../../model/cloud-model.ts";
import {
  type ControlValue,
  eachWritable,
  type WritableName,
  type WritableQuantities,
  writableSpec,
} from "../../model/properties.ts";
import type { Settings } from "../../model/settings-table.ts";
import { type Source, sideOf } from "../../model/sources.ts";
import type { Change, Request } from "../input.ts";
import { adjusted, validateRequest } from "../limits.ts";
import type { BoostEnd, ControlEvent } from "../output.ts";
import type { ScheduleContext, Scheduling } from "../schedule/schedule.ts";
import { followSchedule, holdOf, nothingScheduled, setPointOf } from "../schedule/schedule.ts";
import type { Boost } from "./boost.ts";
import { extendBoost, isOver, relabelBoost } from "./boost.ts";
import type { Gesture } from "./buttons.ts";
import type { HeldButton } from "./held-button.ts";
import { noteHeldButton, valuesBefore } from "./held-button.ts";
import { nudgeTarget, startTarget } from "./set-point.ts";

/** A time that no clock reaches. */
const awayWithoutEnd = "9999-12-31T00:00:00.000Z";

export interface Panel {
  readonly values: WritableQuantities;
  readonly changes: Readonly<Record<WritableName, Change>>;
  /** The running boost. */
  readonly boost: Boost | undefined;
  readonly scheduling: Scheduling;
  /** A or B is held and has changed something. */
  readonly held: HeldButton | undefined;
}

/** The initial values, also used when the cloud deletes a desired value (RR-7). */
export const defaultValues = (settings: Settings): WritableQuantities =>
  eachWritable((name) => {
    const { initial, default: always } = writableSpec(name);
    if (name === "targetTemperature") return startTarget(settings.targetInitial, settings);
    return initial === undefined ? always : settings[initial];
  }) as unknown as WritableQuantities;

export function startPanel(settings: Settings, wallMs: WallMillis): Panel {
  const none: Change = { source: "default", wallMs, serial: 0 };
  const changes = eachWritable(() => none);
  return {
    values: defaultValues(settings),
    changes,
    boost: undefined,
    scheduling: nothingScheduled,
    held: undefined,
  };
}

export interface PanelContext extends ScheduleContext {
  readonly now: Millis;
  readonly events: ControlEvent[];
}

export type PanelRequest = Exclude<
  Request,
  { kind: "clear-faults" | "forget-room" | "relay-replaced" | "identify" | "store-shadow" | "use-settings" }
>;

/** Applies a request and emits its event. The same value again changes only the source. */
export function applyRequest(panel: Panel, request: PanelRequest, context: PanelContext): Panel {
  const { settings, events } = context;
  const refusal = validateRequest(request, settings) ?? refuseInManual(panel, request);
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
    case "preset":
      return applyPreset(panel, request.preset, presetSource(source), context);
  }
}

/** The desired document contains no presets, so for the twin their changes are made at the device. */
const presetSource = (source: Source): Source => (sideOf(source) === "device" ? source : "preset");

function applyPreset(panel: Panel, preset: Preset, source: Source, context: PanelContext): Panel {
  const { settings, events } = context;
  if (preset === "boost") {
    const { default: minutes } = commands.boost.request;
    return applyRequest(panel, { kind: "boost", minutes, source }, context);
  }
  if (preset === "away") {
    return set(endBoost(panel, "request", events), "awayUntil", awayWithoutEnd, source, context);
  }
  const ended = endHold(endBoost(panel, "request", events));
  const isAway = panel.values.awayUntil !== defaultValues(settings).awayUntil;
  const home = isAway ? set(ended, "awayUntil", defaultValues(settings).awayUntil, source, context) : ended;
  if (preset === "none") return home;
  const chosen = preset === "comfort" ? settings.comfortTemperature : settings.ecoTemperature;
  return set(home, "targetTemperature", adjusted("targetTemperature", chosen, settings), source, context);
}

const endHold = (panel: Panel): Panel =>
  panel.scheduling.hold ? { ...panel, scheduling: { ...panel.scheduling, hold: undefined } } : panel;

function refuseInManual(panel: Panel, request: PanelRequest): string | undefined {
  const isBoost =
    (request.kind === "boost" && request.minutes > 0) ||
    (request.kind === "preset" && request.preset === "boost");
  const hasNoEffect = isBoost && panel.values.controlMode === "manual";
  return hasNoEffect
    ? "no effect in manual mode, which follows the heater switch; set auto first"
    : undefined;
}

/** Applies a button gesture. A long press acts only in manual mode. */
export function applyGesture(
  panel: Panel,
  gesture: Exclude<Gesture, { kind: "clear" }>,
  context: PanelContext,
): Panel {
  const isManual = panel.values.controlMode === "manual";
  switch (gesture.kind) {
    case "nudge": {
      // The screen shows the boosted target: the first press ends the boost, the next changes the set-point.
      const after = panel.boost ? endBoost(panel, "press", context.events) : nudge(panel, gesture, context);
      return after === panel ? panel : { ...after, held: noteHeldButton(panel.held, panel, after) };
    }
    case "stuck":
      return gesture.button === "mode" ? panel : undoHeldButton(panel, gesture.button, context);
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
  const shown = setPointOf(panel);
  const target = nudgeTarget(shown, direction, context.settings);
  return target === shown ? panel : set(panel, "targetTemperature", target, "device", context, repeat);
}

/** The buttons are released. */
export const releaseButtons = (panel: Panel): Panel => (panel.held ? { ...panel, held: undefined } : panel);

/** SR-13. The previous change is restored with a new serial, so that the twin is updated. */
function undoHeldButton(panel: Panel, button: "a" | "b", { now, events }: PanelContext): Panel {
  const { held, values, changes } = panel;
  const back = held && valuesBefore(held, panel, now);
  if (!held || !back) return releaseButtons(panel);
  const [from, to, name] = [values.targetTemperature, back.target, "targetTemperature" as const];
  const isMoved = to !== from;
  if (isMoved) {
    events.push({ kind: "changed", name, from, to, source: "device", because: "stuck-button", button });
  }
  if (back.boost && !panel.boost) {
    const minutes = Math.ceil((back.boost.until - now) / 60_000);
    events.push({ kind: "boost", minutes, source: "device" });
  }
  const change = isMoved ? { ...held.before.changes[name], serial: nextSerial(panel) } : changes[name];
  return {
    values: { ...values, [name]: to },
    changes: { ...changes, [name]: change },
    boost: back.boost,
    scheduling: { ...panel.scheduling, hold: back.hold },
    held: undefined,
  };
}

/** Ends a boost or a hold whose time is over, and follows the schedule. */
export function passTime(panel: Panel, context: PanelContext): Panel {
  const scheduling = followSchedule(panel, context);
  const followed = scheduling === panel.scheduling ? panel : { ...panel, scheduling };
  return passBoost(followed, context);
}

function passBoost(panel: Panel, { now, wallMs, events }: PanelContext): Panel {
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

/** Changes of these properties end a boost. */
const endsBoost: { readonly [K in WritableName]?: BoostEnd } = {
  targetTemperature: "set-point",
  controlMode: "mode",
};

/**
 * @param to result of `adjusted`
 * @param ongoing a repeat of a held button: `from` stays the value before the press
 */
function set(
  panel: Panel,
  name: WritableName,
  to: ControlValue,
  source: Source,
  context: PanelContext,
  ongoing = false,
): Panel {
  const isNew = !equalJson(to, panel.values[name]);
  const because = endsBoost[name];
  const changed = withValue(panel, name, to, source, context, ongoing);
  const after = because ? endBoost(changed, because, context.events) : changed;
  if (name === "targetTemperature") {
    return { ...after, scheduling: { ...panel.scheduling, hold: holdOf(after) } };
  }
  return name === "awayUntil" && isNew ? endHold(after) : after;
}

/** A value alone, with its change and its event: boost and hold stay. For the parameters see `set`. */
export function withValue(
  panel: Panel,
  name: WritableName,
  to: ControlValue,
  source: Source,
  { events, wallMs }: PanelContext,
  ongoing = false,
): Panel {
  const { values, changes } = panel;
  if (!equalJson(to, values[name])) events.push({ kind: "changed", name, from: values[name], to, source });
  const from = (ongoing ? changes[name].from : undefined) ?? values[name];
  return {
    ...panel,
    values: { ...values, [name]: to },
    changes: { ...changes, [name]: { source, wallMs, serial: nextSerial(panel), from } },
  };
}

/**
 * The wall clock was set by `by`: changes since the start that a wrong clock had labelled get the time that it would
 * have shown. @param since serial of the last change before the start: how wrong the clock was then is unknown
 */
export function relabelChanges(panel: Panel, by: Millis, since: number): Panel {
  const isWrong = ({ serial, wallMs }: Change): boolean => serial > since && !isTrustedWallTime(wallMs);
  // Identity is kept, since a held button compares its change by identity.
  if (panel.held !== undefined || !Object.values(panel.changes).some(isWrong)) return panel;
  const corrected = eachWritable((name) => {
    const change = panel.changes[name];
    return isWrong(change) ? { ...change, wallMs: wallMillis(change.wallMs + by) } : change;
  });
  return { ...panel, changes: corrected };
}

export const lastSerial = ({ changes }: Panel): number =>
  Math.max(...Object.values(changes).map((change) => change.serial));

const nextSerial = (panel: Panel): number => 1 + lastSerial(panel);
