/** Plays a contender through a course, in virtual time. */
import type { ThermalState } from "../../../src/simulation/room/thermal.ts";
import type { Course } from "./plant.ts";
import { Plant } from "./plant.ts";
import type { Score } from "./score.ts";
import { Scorer } from "./score.ts";

/** A thermostat with a relay. */
export interface Contender {
  /** Sees one reading (°C) at that second; whether the heater is on until the next. */
  tick(reading: number, target: number, second: number): boolean;
}

/** What a plot or an alarm's judge sees at every reading. */
export interface Seen {
  readonly hour: number;
  readonly state: Readonly<ThermalState>;
  readonly target: number;
  readonly commanded: boolean;
  /** Drawn (W). */
  readonly power: number;
}

export interface PlayOptions {
  /** Of the sensor's noise; default 1. */
  readonly seed?: number;
  readonly watch?: (seen: Seen) => void;
}

export function play(course: Course, contender: Contender, { seed = 1, watch }: PlayOptions = {}): Score {
  const plant = new Plant(course, seed);
  const scorer = new Scorer();
  const { periodS } = course;
  const scoreFromS = course.scoreFrom * 3600;
  const { state } = plant;
  let commanded = false;
  for (let second = 0; second < course.hours * 3600; second += periodS) {
    const hour = second / 3600;
    const scored = second >= scoreFromS;
    const target = course.target(hour);
    const wanted = contender.tick(plant.read(), target, second);
    if (wanted && !commanded && scored) scorer.start();
    commanded = wanted;
    const power = plant.power(commanded, hour);
    const around = plant.around(hour);
    watch?.({ hour, state, target, commanded, power });
    for (let left = periodS; left > 0; left--) {
      plant.advanceSecond(power, around);
      if (scored) scorer.add(state.air, target, power);
    }
  }
  return scorer.score;
}
