/** The thermostat bench: a controller heats a simulated room through a scenario and is scored on the true air. */

import type { Celsius, Millis } from "../../../src/base/units.ts";
import { celsius, hours, kelvin, minutes, relativeHumidity, seconds } from "../../../src/base/units.ts";
import type { LawSettings } from "../../../src/control/law/law.ts";
import { lawStep, startLaw } from "../../../src/control/law/law.ts";
import { decide, startSwitching } from "../../../src/control/safety/switching.ts";
import type { RoomParameters } from "../../../src/simulation/room/room.ts";
import { dailyOutside, Room, roomPresets } from "../../../src/simulation/room/room.ts";

export interface Scenario {
  readonly room: RoomParameters;
  readonly start: Celsius;
  readonly duration: Millis;
  readonly scoreFrom: Millis;
  readonly target: (atMs: number) => Celsius;
  readonly outside: (atMs: Millis) => Celsius;
  readonly window: (atMs: number) => number;
}

export interface Score {
  /** Kelvin hours outside ±0.5 K. */
  readonly discomfort: number;
  /** Highest above the set-point (K). */
  readonly over: number;
  readonly rmse: number;
  readonly peakToPeak: number;
  readonly cyclesPerHour: number;
}

/** Sees one reading, says whether the heater is on until the next. */
export type Controller = (reading: Celsius, target: Celsius, now: Millis) => boolean;

const readingEveryMs = seconds(10);

export function play(scenario: Scenario, controller: Controller, seed = 1): Score {
  const { room: parameters, start } = scenario;
  const room = new Room(parameters, { temperature: start, humidity: relativeHumidity(45), seed });
  let heaterOn = false;
  let starts = 0;
  let discomfort = 0;
  let squares = 0;
  let samples = 0;
  let over = Number.NEGATIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let low = Number.POSITIVE_INFINITY;
  for (let at = 0; at < scenario.duration; at += 1000) {
    const now = seconds(at / 1000);
    const target = scenario.target(at);
    const scored = at >= scenario.scoreFrom;
    if (at % readingEveryMs === 0) {
      const wanted = controller(room.measure(), target, now);
      if (wanted && !heaterOn && scored) starts += 1;
      heaterOn = wanted;
    }
    room.advance(seconds(1), heaterOn, scenario.outside(now), scenario.window(at));
    if (!scored) continue;
    const error = room.temperature - target;
    discomfort += Math.max(0, Math.abs(error) - 0.5) / 3600;
    squares += error * error;
    samples += 1;
    over = Math.max(over, error);
    high = Math.max(high, room.temperature);
    low = Math.min(low, room.temperature);
  }
  return {
    discomfort,
    over,
    rmse: Math.sqrt(squares / samples),
    peakToPeak: high - low,
    cyclesPerHour: starts / ((scenario.duration - scenario.scoreFrom) / hours(1)),
  };
}

const always = (value: number) => () => celsius(value);
const shut = () => 0;
const base: Scenario = {
  room: roomPresets.living,
  start: celsius(19),
  duration: hours(48),
  scoreFrom: hours(24),
  target: always(19),
  outside: always(0),
  window: shut,
};

export const scenarios = {
  coldStart: { ...base, start: celsius(10), duration: hours(24), scoreFrom: hours(0) },
  steady: base,
  step: { ...base, target: (at) => celsius(at < hours(24) ? 19 : 21) },
  setBack: {
    ...base,
    duration: hours(72),
    target: (at) => celsius((at / hours(1)) % 24 < 6 || (at / hours(1)) % 24 >= 22 ? 16 : 20),
    outside: dailyOutside(celsius(0), 5),
  },
  window: {
    ...base,
    duration: hours(32),
    window: (at) => (at >= hours(26) && at < hours(26) + minutes(15) ? 40 : 0),
  },
  noise: { ...base, room: roomPresets.noisySensor },
  fanHeater: { ...base, room: roomPresets.fanHeater, outside: always(5) },
  unreachable: { ...base, room: roomPresets.smallHeater, outside: always(-8) },
  /** A day too cold for the heater, then a mild one: a law that wound up overheats here. */
  thaw: {
    ...base,
    room: roomPresets.smallHeater,
    start: celsius(16),
    target: always(20),
    outside: (at) => celsius(at < hours(24) ? -8 : 10),
  },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;

export const defaultLaw: LawSettings = {
  law: "proportional",
  hysteresis: kelvin(0.3),
  minimumOn: seconds(60),
  minimumOff: seconds(120),
  rippleLimit: 0.25,
  maxStartsPerHour: 7,
  windowDetection: false,
};

/** Our law behind the minimum times, as the core runs it. */
export function ours(settings: LawSettings = defaultLaw): Controller {
  let law = startLaw();
  let switching = startSwitching(undefined, seconds(0), settings.minimumOff);
  return (temperature, target, nowMs) => {
    const output = lawStep(law, settings, {
      temperature,
      target,
      heaterOn: switching.on,
      isActive: true,
      mayLearn: true,
      nowMs,
    });
    law = output.state;
    const wish = { heat: output.heat, forbidden: false };
    switching = decide(switching, wish, nowMs, settings.minimumOn, settings.minimumOff);
    return switching.on;
  };
}

/**
 * A peer: plain hysteresis with a shortest time between switches, as Home Assistant's generic thermostat
 * documents it.
 */
export function hysteresisPeer(tolerance: number, shortest: Millis = minutes(5)): Controller {
  let on = false;
  let changedAt = Number.NEGATIVE_INFINITY;
  return (reading, target, now) => {
    const wanted = on ? reading < target + tolerance : reading <= target - tolerance;
    if (wanted !== on && now - changedAt >= shortest) {
      on = wanted;
      changedAt = now;
    }
    return on;
  };
}

/**
 * A peer: PI on the raw error, the integral bounded to ±1 and nothing else, in front of pulses of 600 s: what
 * ESPHome's PID climate does with its slow PWM at the gains of the fact sheet.
 */
export function pidPeer(gain = 0.5, integralGain = 0.0002, period: Millis = minutes(10)): Controller {
  let integral = 0;
  let last: number | undefined;
  let periodStart = Number.NEGATIVE_INFINITY;
  return (reading, target, now) => {
    const error = target - reading;
    const stepS = (now - (last ?? now)) / 1000;
    last = now;
    integral = Math.min(1, Math.max(-1, integral + error * stepS * integralGain));
    const demand = Math.min(1, Math.max(0, gain * error + integral));
    if (now - periodStart >= period) periodStart = now;
    return demand * period > now - periodStart;
  };
}
