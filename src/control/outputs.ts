/**
 * From state to the outputs wanted now, and to the time of the next look.
 *
 * Guarantee: depends on the state alone, so asserting it twice changes nothing; the next look is in the future and
 * a second away at the most, so that every output is re-asserted and the relay's line read back (SR-07) each second.
 */
import type { LinkState } from "./input.ts";
import type { Commands } from "./output.ts";
import { relayLineDeadline } from "./safety/relay-line.ts";
import { isTrusted, staleAt } from "./safety/sensor.ts";
import type { ControlState } from "./state.ts";
import type { Celsius, Millis } from "./units.ts";
import { celsius, duty, millis, seconds } from "./units.ts";

const lookAgain = seconds(1);
/** The status LED is lit steadily while all is well, blinks at 1 Hz while a fault stands, dark: not running. */
const blinkHalf = millis(500);

/** The room's temperature, calibrated; `undefined` while the sensor is not trusted. */
export function roomTemperature(state: Pick<ControlState, "sensor" | "rules">): Celsius | undefined {
  if (!isTrusted(state.sensor) || !state.sensor.last) return undefined;
  return celsius(state.sensor.last.measured + state.rules.settings.sensorOffset);
}

export function outputs(state: ControlState, link: LinkState, now: Millis): Commands {
  const { panel, faults } = state;
  const { settings } = state.rules;
  const temperature = roomTemperature(state);
  const auto = panel.mode === "auto";
  return {
    heater: state.switching.on,
    modeLed: auto,
    statusLed: faults.length === 0 || Math.floor(now / blinkHalf) % 2 === 0,
    screen: {
      temperature,
      humidity: temperature === undefined ? undefined : state.sensor.last?.humidity,
      target: panel.target,
      unit: settings.displayUnit,
      mode: panel.mode,
      heating: state.switching.on,
      demand: auto ? state.law.demand : duty(panel.heaterSwitch ? 100 : 0),
      firmware: state.firmware,
      link,
      fault: faults[0],
      faultCount: faults.length,
      dimmed: settings.dimAfterSeconds > 0 && now >= dimAt(state),
    },
  };
}

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
  if (state.faults.length > 0) consider((Math.floor(now / blinkHalf) + 1) * blinkHalf);
  return millis(next);
}
