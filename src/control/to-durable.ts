/** The part of the core's memory that survives a power cut, taken out of the whole. */
import { storeBoost } from "./boost.ts";
import type { DurableState } from "./durable.ts";
import { faultEffects } from "./faults.ts";
import { standingFaults } from "./standing.ts";
import type { ControlState } from "./state.ts";
import { wallMillis } from "./units.ts";

export function toDurable(state: ControlState): DurableState {
  const { panel, counters, lastSwitch } = state;
  const { target, mode, heaterSwitch } = panel.changes;
  const { learntRise, relay } = state.effect;
  return {
    schema: 1,
    target: panel.target,
    mode: panel.mode,
    heaterSwitch: panel.heaterSwitch,
    changes: { target, mode, heaterSwitch },
    sensorOffset: { value: panel.sensorOffset, change: panel.changes.sensorOffset },
    telemetryInterval: { value: panel.telemetryInterval, change: panel.changes.telemetryInterval },
    ...(panel.boost ? { boost: storeBoost(panel.boost, state.clock.wallOffset) } : {}),
    twin: state.twin,
    counters: { relayCycles: counters.relayCycles, heaterSeconds: Math.floor(counters.heaterSeconds) },
    latched: standingFaults(state, []).filter((code) => faultEffects[code].latched),
    // Worked out with today's wall clock: one that was set right meanwhile would else fake or hide time off (SR-08).
    ...(lastSwitch
      ? { lastSwitch: { on: lastSwitch.on, wallMs: wallMillis(lastSwitch.at + state.clock.wallOffset) } }
      : {}),
    ...(learntRise === undefined ? {} : { learntRise: hundredths(learntRise) }),
    ...(relay.alarm
      ? { relayAlarm: { from: hundredths(relay.alarm.from), peak: hundredths(relay.alarm.peak) } }
      : {}),
  };
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;
