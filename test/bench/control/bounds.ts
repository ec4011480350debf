/** What no thermostat with a relay can beat in a room, computed with perfect knowledge of it. */
import { type Course, Plant, settledAt } from "./plant.ts";

export interface Ripple {
  readonly peakToPeak: number;
  readonly rmse: number;
}

/**
 * The ripple of pulses of exactly the duty that holds the set-point, at that many starts an hour, in a room without
 * disturbance: conditions are those of the scored part's begin. Undefined where full or no power is needed.
 */
export function exactDutyRipple(course: Course, startsPerHour: number): Ripple | undefined {
  const { room, scoreFrom } = course;
  const target = course.target(scoreFrom);
  const around = { outside: course.outside(scoreFrom), window: 0, gain: course.gain(scoreFrom) };
  const start = settledAt(room, target, around.outside);
  const duty = (start.heater - target) / room.heaterExcess - around.gain / room.heaterPower;
  if (!(duty > 0 && duty < 1 && startsPerHour > 0)) return undefined;
  const periodS = Math.round(3600 / startsPerHour);
  const plant = new Plant({ ...course, start }, 1);
  // The walls' temperature is settled, air and heater swing in within a few hours.
  const settleS = Math.ceil((12 * 3600) / periodS) * periodS;
  let [low, high, sum, squares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let second = 0; second < settleS + periodS; second++) {
    const left = duty * periodS - (second % periodS);
    plant.advanceSecond(room.heaterPower * Math.min(1, Math.max(0, left)), around);
    if (second < settleS) continue;
    const { air } = plant.state;
    low = Math.min(low, air);
    high = Math.max(high, air);
    sum += air;
    squares += air * air;
  }
  const mean = sum / periodS;
  return { peakToPeak: high - low, rmse: Math.sqrt(Math.max(0, squares / periodS - mean * mean)) };
}

/**
 * Kelvin hours below the set-point − 0.5 K, with full power from the first second that is scored until the room is
 * there, and with perfect knowledge of when to stop: before that the room was held exactly.
 */
export function fullPowerDiscomfort(course: Course): number {
  const { room, scoreFrom, hours } = course;
  const outside = course.outside(scoreFrom);
  const start = scoreFrom > 0 ? settledAt(room, course.target(scoreFrom - 1e-6), outside) : course.start;
  const plant = new Plant({ ...course, start }, 1);
  let sum = 0;
  for (let second = 0; second < (hours - scoreFrom) * 3600; second++) {
    const hour = scoreFrom + second / 3600;
    plant.advanceSecond(room.heaterPower, plant.around(hour));
    const missing = course.target(hour) - plant.state.air - 0.5;
    if (missing <= 0) break;
    sum += missing;
  }
  return sum / 3600;
}
