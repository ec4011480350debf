/**
 * From state to the desired outputs, and to the time of the next step.
 *
 * Guarantee: depends only on the state, so asserting it twice changes nothing; the next step is at most a second away,
 * so that every second the outputs are re-asserted and the relay's line is read back (SR-07).
 */

import type { Celsius, Millis } from "../base/units.ts";
import { celsius, duty, millis, seconds } from "../base/units.ts";
import type { Input } from "./input.ts";
import type { Commands } from "./output.ts";
import { effectiveTarget } from "./panel/boost.ts";
import { isArmed } from "./panel/buttons.ts";
import { relayLineDeadline } from "./safety/relay-line.ts";
import { isTrusted, staleAt } from "./safety/sensor.ts";
import type { ControlState } from "./state.ts";

const maxStepInterval = seconds(1);
/** Status LED: on during normal operation, 1 Hz while a fault is active, off when not running. */
const blinkHalf = millis(500);
/** Identify: LED and screen blink twice as fast. */
const identifyHalf = millis(250);

/** The calibrated room temperature; `undefined` while the sensor is not trusted. */
export function roomTemperature(state: Pick<ControlState, "sensor" | "panel">): Celsius | undefined {
  if (!isTrusted(state.sensor) || !state.sensor.last) return undefined;
  return celsius(state.sensor.last.measured + state.panel.values.sensorOffset);
}

export function outputs(
  state: ControlState,
  { link, update }: Pick<Input, "link" | "update">,
  now: Millis,
): Commands {
  const { panel, faults } = state;
  const { settings } = state.rules;
  const temperature = roomTemperature(state);
  const auto = panel.values.controlMode === "auto";
  const blink = identifying(state, now) ? lit(identifyHalf, now) : undefined;
  return {
    heater: state.switching.on,
    // In manual it is lit when releasing the button would switch the heater.
    modeLed: auto || (!settings.buttonsLocked && isArmed(state.buttons)),
    statusLed: blink ?? (faults.length === 0 || lit(blinkHalf, now)),
    screen: {
      temperature,
      humidity: temperature === undefined ? undefined : state.sensor.last?.humidity,
      target: effectiveTarget(panel, settings),
      unit: settings.displayUnit,
      mode: panel.values.controlMode,
      heating: state.switching.on,
      demand: auto ? state.law.demand : duty(panel.values.heaterSwitch ? 100 : 0),
      firmware: state.firmware,
      link,
      update,
      fault: faults[0],
      faultCount: faults.length,
      dimmed: blink === undefined ? settings.dimAfterSeconds > 0 && now >= dimAt(state) : !blink,
    },
  };
}

const identifying = (state: ControlState, now: Millis): boolean =>
  state.identifyUntil !== undefined && now < state.identifyUntil;

const lit = (half: Millis, now: Millis): boolean => Math.floor(now / half) % 2 === 0;
const nextBlink = (half: Millis, now: Millis): number => (Math.floor(now / half) + 1) * half;

const dimAt = (state: ControlState): number =>
  state.touchedAt + seconds(state.rules.settings.dimAfterSeconds);

/** The earliest time at which `step` has something to do without new input. */
export function nextStepTime(state: ControlState, gestureAt: Millis | undefined, now: Millis): Millis {
  let next: number = now + maxStepInterval;
  const consider = (at: number | undefined) => {
    if (at !== undefined && at > now && at < next) next = at;
  };
  consider(gestureAt);
  if (!state.sensor.stale) consider(staleAt(state.sensor));
  consider(relayLineDeadline(state.line));
  consider(state.switching.freeAt);
  consider(dimAt(state));
  consider(state.panel.boost?.until);
  if (state.faults.length > 0) consider(nextBlink(blinkHalf, now));
  if (identifying(state, now)) consider(nextBlink(identifyHalf, now));
  return millis(next);
}
