/**
 * From state to the outputs wanted now, and to the time of the next look.
 *
 * Guarantee: depends on the state alone, so asserting it twice changes nothing; the next look is in the future and
 * a second away at the most, so that every output is re-asserted and the relay's line read back (SR-07) each second.
 */

import type { Celsius, Millis } from "../base/units.ts";
import { celsius, duty, millis, seconds } from "../base/units.ts";
import type { LinkState } from "./input.ts";
import type { Commands } from "./output.ts";
import { aimOf } from "./panel/boost.ts";
import { isArmed } from "./panel/buttons.ts";
import { relayLineDeadline } from "./safety/relay-line.ts";
import { isTrusted, staleAt } from "./safety/sensor.ts";
import type { ControlState } from "./state.ts";

const lookAgain = seconds(1);
/** The status LED is lit steadily while all is well, blinks at 1 Hz while a fault stands, dark: not running. */
const blinkHalf = millis(500);
/** While it is to be found among others: twice as fast, and the screen along with it. */
const identifyHalf = millis(250);

/** The room's temperature, calibrated; `undefined` while the sensor is not trusted. */
export function roomTemperature(state: Pick<ControlState, "sensor" | "panel">): Celsius | undefined {
  if (!isTrusted(state.sensor) || !state.sensor.last) return undefined;
  return celsius(state.sensor.last.measured + state.panel.values.sensorOffset);
}

export function outputs(state: ControlState, link: LinkState, now: Millis): Commands {
  const { panel, faults } = state;
  const { settings } = state.rules;
  const temperature = roomTemperature(state);
  const auto = panel.values.controlMode === "auto";
  const blink = identifying(state, now) ? lit(identifyHalf, now) : undefined;
  return {
    heater: state.switching.on,
    // In manual it lights up when letting go would switch the heater.
    modeLed: auto || (!settings.buttonsLocked && isArmed(state.buttons)),
    statusLed: blink ?? (faults.length === 0 || lit(blinkHalf, now)),
    screen: {
      temperature,
      humidity: temperature === undefined ? undefined : state.sensor.last?.humidity,
      target: aimOf(panel, settings),
      unit: settings.displayUnit,
      mode: panel.values.controlMode,
      heating: state.switching.on,
      demand: auto ? state.law.demand : duty(panel.values.heaterSwitch ? 100 : 0),
      firmware: state.firmware,
      link,
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

/** The earliest time at which `step` would do something without a new input. */
export function nextLook(state: ControlState, gestureAt: Millis | undefined, now: Millis): Millis {
  let next: number = now + lookAgain;
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
