/** A peer held to as many starts an hour as ours needed: its shortest cycle is searched for until it keeps to them. */

import type { Course } from "./plant.ts";
import type { Contender } from "./play.ts";
import { play } from "./play.ts";
import type { Score } from "./score.ts";

export interface Matched {
  readonly score: Score;
  /** The shortest cycle that was found (s). */
  readonly cycleS: number;
}

const tolerance = 1.02;
const bisections = 7;
const longestS = 4 * 3600;

/**
 * The shortest cycle, from `shortestS` on, with which the peer starts at most 2 % more often than `startsPerHour`: what
 * is shorter holds the room better.
 */
export function matched(
  make: (cycleS: number) => Contender,
  course: Course,
  startsPerHour: number,
  { seed, shortestS }: { readonly seed: number; readonly shortestS: number },
): Matched {
  const at = (cycleS: number): Matched => ({ cycleS, score: play(course, make(cycleS), { seed }) });
  const fits = ({ score }: Matched) => score.startsPerHour <= Math.max(startsPerHour * tolerance, 0.05);
  let best = at(shortestS);
  if (fits(best)) return best;
  let [low, high] = [shortestS, longestS];
  best = at(high);
  for (let round = 0; round < bisections; round++) {
    const middle = Math.sqrt(low * high);
    const tried = at(middle);
    if (fits(tried)) [high, best] = [middle, tried];
    else low = middle;
  }
  return best;
}
