/** Rooms drawn from the whole range that the law must serve without tuning, and the ripple no law can avoid. */
import { celsius, hours, seconds } from "../../../src/base/units.ts";
import { uniform } from "../../../src/simulation/noise.ts";
import type { RoomParameters } from "../../../src/simulation/room/room.ts";
import type { Scenario, Score } from "./scoring.ts";
import { play } from "./scoring.ts";

export interface DrawnRoom {
  readonly room: RoomParameters;
  /** Time constant of the whole room (h). */
  readonly timeConstantH: number;
  /** Duty that holds 19 °C, and the outside temperature at which it does. */
  readonly duty: number;
  readonly outside: number;
}

/**
 * Time constants 0.5 to 60 h, heaters 300 W to 3 kW that lift the room 20 to 80 K over the outside, heater bodies
 * 40 to 1500 s, sensors 60 to 600 s; air, fabric and losses in the proportions of the living room.
 */
export function drawRooms(count: number, seed: number): DrawnRoom[] {
  const next = uniform(seed);
  const between = (low: number, high: number) => low * (high / low) ** next();
  return Array.from({ length: count }, () => {
    const heaterPower = between(300, 3000);
    const lift = between(20, 80);
    const timeConstantH = between(0.5, 60);
    const duty = 0.15 + 0.7 * next();
    const loss = heaterPower / lift;
    const capacity = timeConstantH * 3600 * loss;
    const airToFabric = 6 * loss;
    const airToOutside = 0.28 * loss;
    const room = {
      heaterPower,
      heaterTimeConstant: between(40, 1500),
      heaterExcess: 40,
      airCapacity: capacity / 12,
      fabricCapacity: (capacity * 11) / 12,
      airToFabric,
      airToOutside,
      fabricToOutside: 1 / (1 / (loss - airToOutside) - 1 / airToFabric),
      sensorLag: between(60, 600),
      sensorNoise: 0.013,
    };
    return { room, timeConstantH, duty, outside: 19 - duty * lift };
  });
}

/** A day and more at 19 °C, scored over the last twelve hours. */
export const settled = (drawn: DrawnRoom): Scenario => ({
  room: drawn.room,
  start: celsius(19),
  duration: hours(36),
  scoreFrom: hours(24),
  target: () => celsius(19),
  outside: () => celsius(drawn.outside),
  window: () => 0,
});

/** From 14 to 19 °C, scored from the first second. */
export const warmUp = (drawn: DrawnRoom): Scenario => ({
  ...settled(drawn),
  start: celsius(14),
  duration: hours(16),
  scoreFrom: hours(0),
});

/** Peak to peak of the air under the exact duty in pulses of `periodS`, drift taken out: the last cycle alone. */
export function unavoidableRipple(drawn: DrawnRoom, periodS: number): number {
  const steady: Scenario = {
    ...settled(drawn),
    duration: hours(36),
    scoreFrom: seconds(36 * 3600 - periodS),
  };
  const score: Score = play(
    steady,
    (_reading, _target, now) => (now / 1000) % periodS < drawn.duty * periodS,
  );
  return score.peakToPeak;
}
