/** Extracts the part of the state that is stored. */

import type { Millis } from "../base/units.ts";
import { millis, wallMillis } from "../base/units.ts";
import { faultEffects } from "../model/faults.ts";
import { activeFaults } from "./active-faults.ts";
import type { DurableState } from "./durable.ts";
import { storeRoom } from "./law/room-model.ts";
import { storeBoost } from "./panel/boost.ts";
import { storeValues } from "./panel/stored-values.ts";
import { heaterCauseWindow } from "./safety/cut-off.ts";
import type { LastSwitch, StoredSwitch } from "./safety/switching.ts";
import { storeScheduling } from "./schedule/stored-scheduling.ts";
import type { ControlState } from "./state.ts";

export function toDurable(state: ControlState): DurableState {
  const { panel, counters, lastSwitch, clock } = state;
  const now = millis(clock.seenMs + clock.offset);
  const { learntRise, relay } = state.effect;
  const { room } = state.law.state;
  const scheduling = storeScheduling(panel.scheduling);
  return {
    schema: 1,
    ...storeValues(panel),
    ...(panel.boost ? { boost: storeBoost(panel.boost, now, clock.wallOffset) } : {}),
    ...(scheduling ? { scheduling } : {}),
    twin: state.twin,
    counters: { relayCycles: counters.relayCycles, heaterSeconds: Math.floor(counters.heaterSeconds) },
    latched: activeFaults(state, []).filter((code) => faultEffects[code].latched),
    ...(lastSwitch ? { lastSwitch: storeSwitch(lastSwitch, now, clock.wallOffset) } : {}),
    ...(learntRise === undefined ? {} : { learntRise: hundredths(learntRise) }),
    ...(relay.alarm
      ? { relayAlarm: { from: hundredths(relay.alarm.from), peak: hundredths(relay.alarm.peak) } }
      : {}),
    ...(room.learnedMinutes > 0 ? { room: storeRoom(room) } : {}),
  };
}

function storeSwitch({ on, at }: LastSwitch, now: Millis, wallOffset: Millis): StoredSwitch {
  const wallMs = wallMillis(at + wallOffset);
  // `stop` comes between two steps: then `at` is later than the last step.
  const offFor = Math.round(Math.min(Math.max(0, now - at), heaterCauseWindow));
  return on ? { on, wallMs } : { on, wallMs, offForMs: millis(offFor) };
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;
