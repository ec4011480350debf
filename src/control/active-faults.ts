/**
 * Determines the active faults from the state and the failing parts. The table in model/faults.ts has their effects.
 *
 * Guarantee: a fault that nothing raises does not compile.
 */

import type { FaultCode, FaultOfPart } from "../model/faults.ts";
import { faultCodes, faultEffects, faultOfPart } from "../model/faults.ts";
import type { FailingPart } from "./input.ts";
import type { ControlEvent } from "./output.ts";
import { stuckButton } from "./panel/buttons.ts";
import type { ControlState } from "./state.ts";

/**
 * A condition for each fault that no part raises. Optional for the others, which are then raised by the part
 * or by the condition.
 */
export type FaultConditions<Code extends string, OfPart extends string> = {
  readonly [K in Exclude<Code, OfPart>]: (state: ControlState) => boolean;
} & { readonly [K in OfPart]?: (state: ControlState) => boolean };

const conditions: FaultConditions<FaultCode, FaultOfPart[FailingPart]> = {
  "over-temperature": (state) => state.cutOff.tripped,
  "hot-room": (state) => state.cutOff.hotRoom,
  "relay-mismatch": (state) => state.line.mismatch,
  "relay-stuck-on": (state) => state.effect.relay.alarm !== undefined,
  "sensor-stale": (state) => state.sensor.stale,
  "sensor-stuck": (state) => state.sensor.stuck,
  "heating-ineffective": (state) => state.effect.ineffective,
  "state-lost": (state) => state.stateLost,
  "relay-worn": ({ counters, rules }) => counters.relayCycles >= rules.settings.relayLife,
  "buttons-failed": (state) => stuckButton(state.buttons) !== undefined,
};

/** Most severe first. */
const conditionsInOrder = faultCodes.map((code) => ({ code, condition: conditions[code] }));

/** @returns the active faults, most severe first; the previous array when nothing changed */
export function activeFaults(state: ControlState, failing: readonly FailingPart[]): readonly FaultCode[] {
  const byPart = failing.map((part): FaultCode => faultOfPart[part]);
  const now: FaultCode[] = [];
  for (const { code, condition } of conditionsInOrder) {
    if (condition?.(state) || byPart.includes(code)) now.push(code);
  }
  const same = now.length === state.faults.length && now.every((code, index) => code === state.faults[index]);
  return same ? state.faults : now;
}

export const forbidsHeat = (faults: readonly FaultCode[]): FaultCode | undefined =>
  faults.find((code) => faultEffects[code].heaterOff);

/** Emits an event for each fault that was raised or has ended. */
export function reportFaults(
  before: readonly FaultCode[],
  state: ControlState,
  events: ControlEvent[],
): { readonly raised: boolean; readonly latchedChanged: boolean } {
  if (before === state.faults) return { raised: false, latchedChanged: false };
  const raised = state.faults.filter((code) => !before.includes(code));
  const ended = before.filter((code) => !state.faults.includes(code));
  for (const fault of raised) events.push({ kind: "fault-raised", fault, detail: detailOf(fault, state) });
  for (const fault of ended) events.push({ kind: "fault-ended", fault });
  const latchedChanged = [...raised, ...ended].some((code) => faultEffects[code].latched);
  return { raised: raised.length > 0, latchedChanged };
}

/** SR-07: the relay line is still wrong, for another reason. */
export function reportLineReason(before: ControlState, state: ControlState, events: ControlEvent[]): void {
  const same = before.line.reason === state.line.reason;
  if (same || !before.line.mismatch || !state.line.mismatch) return;
  events.push({ kind: "fault-reason", fault: "relay-mismatch", detail: detailOf("relay-mismatch", state) });
}

const lineReasons: Readonly<Record<ControlState["line"]["reason"], string>> = {
  unreadable: "cannot be read",
  differs: "differs from the command",
  "switched-elsewhere": "another program or device switches it repeatedly",
};

function detailOf(fault: FaultCode, state: ControlState): string {
  const { remedy } = faultEffects[fault];
  switch (fault) {
    case "over-temperature":
      return `${state.cutOff.at === undefined ? "latched before the start" : `${state.cutOff.at.toFixed(1)} °C`}. ${remedy}`;
    case "hot-room":
      return `${state.cutOff.at?.toFixed(1)} °C. ${remedy}`;
    case "sensor-stale":
    case "sensor-stuck":
      return `${state.sensor.reason}. ${remedy}`;
    case "relay-mismatch":
      return `${lineReasons[state.line.reason]}. ${remedy}`;
    case "relay-worn":
      return `${state.counters.relayCycles} cycles of ${state.rules.settings.relayLife}. ${remedy}`;
    case "buttons-failed": {
      const stuck = stuckButton(state.buttons);
      return stuck ? `button ${stuck} is held down. ${remedy}` : remedy;
    }
    default:
      return remedy;
  }
}
