/**
 * The core's state: one immutable value, created by `start`, advanced by `step`.
 *
 * Guarantee: a new state commands the heater OFF and has no reading, whatever was stored.
 */

import type { DutyPercent, Millis, WallMillis } from "../base/units.ts";
import { duty, millis, seconds } from "../base/units.ts";
import type { FaultCode } from "../model/faults.ts";
import type { Settings } from "../model/settings-table.ts";
import type { DurableState } from "./durable.ts";
import type { LawSettings, LawState } from "./law/law.ts";
import { startLaw } from "./law/law.ts";
import { restoreBoost } from "./panel/boost.ts";
import type { ButtonsState } from "./panel/buttons.ts";
import { startButtons } from "./panel/buttons.ts";
import type { Panel } from "./panel/panel.ts";
import { lastSerial, startPanel } from "./panel/panel.ts";
import { restoreValues } from "./panel/stored-values.ts";
import type { CutOffState } from "./safety/cut-off.ts";
import { startCutOff } from "./safety/cut-off.ts";
import type { HeatEffectState } from "./safety/heat-effect.ts";
import { startHeatEffect } from "./safety/heat-effect.ts";
import type { RelayLineState } from "./safety/relay-line.ts";
import { startRelayLine } from "./safety/relay-line.ts";
import type { SensorState } from "./safety/sensor.ts";
import { startSensor } from "./safety/sensor.ts";
import type { LastSwitch, SwitchingState } from "./safety/switching.ts";
import { restoreSwitch, startSwitching } from "./safety/switching.ts";
import type { Trend } from "./safety/trend.ts";
import { startTrend } from "./safety/trend.ts";
import { restoreScheduling } from "./schedule/stored-scheduling.ts";
import type { TwinShadow } from "./twin/shadow.ts";
import { emptyShadow } from "./twin/shadow.ts";

/** The settings, and values derived from them once. */
export interface Rules {
  readonly settings: Settings;
  readonly law: LawSettings;
}

export interface ControlState {
  readonly rules: Rules;
  readonly firmware: string;
  /**
   * `seenMs`: the caller's clock at the last step; plus `offset`: the core's own time, which never goes back; plus
   * `wallOffset`: wall time.
   */
  readonly clock: { readonly seenMs: Millis; readonly offset: Millis; readonly wallOffset: Millis };
  readonly buttons: ButtonsState;
  readonly panel: Panel;
  /** The twin as last reconciled; part of the state so that it is stored together with the panel. */
  readonly twin: TwinShadow;
  /** LED and screen blink until then. */
  readonly identifyUntil: Millis | undefined;
  readonly sensor: SensorState;
  readonly cutOff: CutOffState;
  readonly line: RelayLineState;
  readonly switching: SwitchingState;
  readonly frost: boolean;
  readonly trend: Trend;
  readonly effect: HeatEffectState;
  readonly law: { readonly state: LawState; readonly demand: DutyPercent; readonly heat: boolean };
  readonly stateLost: boolean;
  /** Active ones, most severe first. */
  readonly faults: readonly FaultCode[];
  readonly counters: { readonly relayCycles: number; readonly heaterSeconds: number };
  readonly lastSwitch: LastSwitch | undefined;
  readonly touchedAt: Millis;
  /** A repeating button has changed the set-point and is still held. */
  readonly unsettled: boolean;
  /** Increases when there is something to store (see durable.ts). */
  readonly revision: number;
  readonly countersSavedAt: Millis;
  /** Of the last change of a value before the start. */
  readonly serialAtStart: number;
  /** What the stored state says of the heater: on, although it may have been off for up to an hour since. */
  readonly storedOn: boolean;
}

export interface StartConditions {
  /** Monotonic. */
  readonly nowMs: Millis;
  readonly wallMs: WallMillis;
  /** Version for the screen. */
  readonly firmware: string;
  /** The stored state was unreadable: `state-lost` is active until a person clears it. */
  readonly stateLost?: boolean;
  /** How long the relay has been off, observed by the guardian: more accurate than the stored state. */
  readonly relayOffMs?: Millis | undefined;
}

/**
 * @param durable from `parseDurable`; `undefined` on a new device or when the stored state was unreadable. Its
 * set-point is clamped to the current limits.
 */
export function start(
  settings: Settings,
  durable: DurableState | undefined,
  conditions: StartConditions,
): ControlState {
  const { nowMs: now, wallMs } = conditions;
  const rules = makeRules(settings);
  const latched: readonly FaultCode[] = durable?.latched ?? [];
  const stateLost = conditions.stateLost === true || latched.includes("state-lost");
  // Without a state the last switch is unknown: wait the whole minimum off time (SR-08).
  const stored = stateLost ? { on: true, wallMs } : durable?.lastSwitch;
  const { relayOffMs } = conditions;
  const lastSwitch =
    relayOffMs === undefined
      ? stored && restoreSwitch(stored, now)
      : { on: false, at: millis(now - relayOffMs) };
  const panel = durable ? restorePanel(durable, settings, now, wallMs) : startPanel(settings, wallMs);
  return {
    rules,
    firmware: conditions.firmware,
    clock: { seenMs: now, offset: millis(0), wallOffset: millis(wallMs - now) },
    buttons: startButtons(now),
    panel,
    twin: durable?.twin ?? emptyShadow,
    identifyUntil: undefined,
    sensor: startSensor(now),
    cutOff: startCutOff(latched.includes("over-temperature")),
    line: startRelayLine(now),
    switching: startSwitching(lastSwitch, now, rules.law.minimumOff),
    frost: false,
    trend: startTrend,
    effect: startHeatEffect(now, durable),
    law: { state: startLaw(durable?.room), demand: duty(0), heat: false },
    stateLost,
    // Empty, so that the first step reports latched faults.
    faults: [],
    counters: durable?.counters ?? { relayCycles: 0, heaterSeconds: 0 },
    lastSwitch,
    touchedAt: now,
    unsettled: false,
    revision: 0,
    countersSavedAt: now,
    serialAtStart: lastSerial(panel),
    storedOn: durable?.lastSwitch?.on ?? false,
  };
}

export function makeRules(settings: Settings): Rules {
  return {
    settings,
    law: {
      law: settings.law,
      hysteresis: settings.hysteresis,
      minimumOn: seconds(settings.minimumOnSeconds),
      minimumOff: seconds(settings.minimumOffSeconds),
      rippleLimit: settings.rippleLimit,
      maxStartsPerHour: settings.maxStartsPerHour,
      windowDetection: settings.windowDetection,
    },
  };
}

function restorePanel(durable: DurableState, settings: Settings, now: Millis, wallMs: WallMillis): Panel {
  const panel = restoreValues(durable, startPanel(settings, wallMs), settings);
  const { boost } = durable;
  const lasts = boost !== undefined && panel.values.controlMode === "auto";
  return {
    ...panel,
    boost: lasts ? restoreBoost(boost, now, wallMs) : undefined,
    scheduling: restoreScheduling(durable.scheduling, settings),
    held: undefined,
  };
}

/**
 * For a clean shutdown: records the heater as OFF. Without it the next start must assume that the heater was on until
 * then.
 */
export function stop(state: ControlState, nowMs: Millis): ControlState {
  if (!state.switching.on) {
    return state.storedOn ? { ...state, storedOn: false, revision: state.revision + 1 } : state;
  }
  const at = millis(Math.max(nowMs, state.clock.seenMs) + state.clock.offset);
  return {
    ...state,
    switching: { on: false, freeAt: millis(at + state.rules.law.minimumOff) },
    lastSwitch: { on: false, at },
    storedOn: false,
    revision: state.revision + 1,
  };
}
