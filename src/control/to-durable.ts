/** The part of the core's memory that survives a power cut, taken out of the whole. */

import type { Millis } from "../base/units.ts";
import { millis, wallMillis } from "../base/units.ts";
import { faultEffects } from "../model/faults.ts";
import { activeFaults } from "./active-faults.ts";
import type { DurableState } from "./durable.ts";
import { storeBoost } from "./panel/boost.ts";
import { storeValues } from "./panel/stored-values.ts";
import { heaterBlamedFor } from "./safety/cut-off.ts";
import type { LastSwitch, StoredSwitch } from "./safety/switching.ts";
import type { ControlState } from "./state.ts";

export function toDurable(state: ControlState): DurableState {
  const { panel, counters, lastSwitch, clock } = state;
  const now = millis(clock.seenMs + clock.offset);
  const { learntRise, relay } = state.effect;
  return {
    schema: 1,
    ...storeValues(panel),
    ...(panel.boost ? { boost: storeBoost(panel.boost, now, clock.wallOffset) } : {}),
    twin: state.twin,
    counters: { relayCycles: counters.relayCycles, heaterSeconds: Math.floor(counters.heaterSeconds) },
    latched: activeFaults(state, []).filter((code) => faultEffects[code].latched),
    ...(lastSwitch ? { lastSwitch: storeSwitch(lastSwitch, now, clock.wallOffset) } : {}),
    ...(learntRise === undefined ? {} : { learntRise: hundredths(learntRise) }),
    ...(relay.alarm
      ? { relayAlarm: { from: hundredths(relay.alarm.from), peak: hundredths(relay.alarm.peak) } }
      : {}),
  };
}

function storeSwitch({ on, at }: LastSwitch, now: Millis, wallOffset: Millis): StoredSwitch {
  const wallMs = wallMillis(at + wallOffset);
  // The end comes between two steps: then the switch is later than what was seen last.
  const offFor = Math.round(Math.min(Math.max(0, now - at), heaterBlamedFor));
  return on ? { on, wallMs } : { on, wallMs, offForMs: millis(offFor) };
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;
