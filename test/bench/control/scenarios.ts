/**
 * The eight published scenarios: conditions, and what is scored. All but the cold start begin in a room that has long
 * been at the set-point. With them our peers score as the genuine ones were recorded to.
 */

import { roomPresets } from "../../../src/simulation/room/room.ts";
import type { RoomParameters } from "../../../src/simulation/room/thermal.ts";
import type { ByHour, Course } from "./plant.ts";
import { settledAt } from "./plant.ts";

export const always =
  (value: number): ByHour =>
  () =>
    value;

const { living, fanHeater, smallHeater, noisySensor } = roomPresets;

/** The sensor is read every 10 s in steps of 0.01 K. */
function course(room: RoomParameters, changes: Partial<Course> = {}): Course {
  const outside = changes.outside ?? always(0);
  return {
    room,
    quantum: 0.01,
    periodS: 10,
    start: settledAt(room, 19, outside(0)),
    hours: 48,
    scoreFrom: 24,
    target: always(19),
    outside,
    window: always(0),
    gain: always(0),
    ...changes,
  };
}

/** Coldest at 03:00, warmest at 15:00. */
export const daily =
  (mean: number, amplitude: number): ByHour =>
  (hour) =>
    mean + amplitude * Math.sin(((hour - 9) / 12) * Math.PI);

const setBackTarget: ByHour = (hour) => (hour % 24 < 6 || hour % 24 >= 22 ? 16 : 20);
/** 15 minutes, wide open. */
const opened: ByHour = (hour) => (hour >= 26 && hour < 26.25 ? 40 : 0);

export const scenarios = {
  "cold start": course(living, { start: 10, hours: 24, scoreFrom: 0 }),
  steady: course(living),
  step: course(living, { target: (hour) => (hour < 24 ? 19 : 21) }),
  "set-back": course(living, { hours: 72, target: setBackTarget, outside: daily(0, 5) }),
  window: course(living, { hours: 32, window: opened }),
  noise: course(noisySensor),
  "fan heater": course(fanHeater, { outside: always(5) }),
  unreachable: course(smallHeater, { outside: always(-8) }),
  /** After a day too cold for the heater a mild one: a law that wound up overheats here. */
  release: course(smallHeater, {
    start: settledAt(smallHeater, 18, -8),
    target: always(20),
    outside: (hour) => (hour < 24 ? -8 : 10),
  }),
} as const satisfies Readonly<Record<string, Course>>;

export type ScenarioName = keyof typeof scenarios;
