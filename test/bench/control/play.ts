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

/** One in another process. */
export interface RemoteContender {
  tick(reading: number, target: number, second: number): Promise<boolean>;
}

/** What a plot or an alarm's judge sees at every reading. */
export interface Seen {
  readonly hour: number;
  /** Live: copy what is kept. */
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

interface Look {
  readonly reading: number;
  readonly target: number;
  readonly second: number;
}

export function play(course: Course, contender: Contender, options?: PlayOptions): Score {
  const looks = unfold(course, options);
  for (let next = looks.next(); ; ) {
    if (next.done) return next.value;
    const { reading, target, second } = next.value;
    next = looks.next(contender.tick(reading, target, second));
  }
}

export async function playRemote(
  course: Course,
  contender: RemoteContender,
  options?: PlayOptions,
): Promise<Score> {
  const looks = unfold(course, options);
  for (let next = looks.next(); ; ) {
    if (next.done) return next.value;
    const { reading, target, second } = next.value;
    next = looks.next(await contender.tick(reading, target, second));
  }
}

/** Yields every reading and takes the command that answers it. */
function* unfold(
  course: Course,
  { seed = 1, watch }: PlayOptions = {},
): Generator<Look, Score, boolean | undefined> {
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
    const wanted = (yield { reading: plant.read(), target, second }) ?? false;
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
