/** The eight published scenarios: conditions, and what is scored. */

import { roomPresets } from "../../../src/simulation/room/room.ts";
import type { RoomParameters } from "../../../src/simulation/room/thermal.ts";
import type { ByHour, Course } from "./plant.ts";

export const always =
  (value: number): ByHour =>
  () =>
    value;

const { living, fanHeater, smallHeater, noisySensor } = roomPresets;

/** The sensor is read every 10 s in steps of 0.01 K. */
const course = (room: RoomParameters, changes: Partial<Course>): Course => ({
  room,
  quantum: 0.01,
  periodS: 10,
  start: 19,
  hours: 48,
  scoreFrom: 24,
  target: always(19),
  outside: always(0),
  window: always(0),
  gain: always(0),
  ...changes,
});

/** Coldest at 04:00, warmest at 16:00. */
export const daily =
  (mean: number, amplitude: number): ByHour =>
  (hour) =>
    mean + amplitude * Math.sin(((hour - 10) / 12) * Math.PI);

const setBackTarget: ByHour = (hour) => (hour % 24 < 6 || hour % 24 >= 22 ? 16 : 20);
/** 15 minutes, wide open. */
const opened: ByHour = (hour) => (hour >= 26 && hour < 26.25 ? 40 : 0);

export const scenarios = {
  "cold start": course(living, { start: 10, hours: 24, scoreFrom: 0 }),
  steady: course(living, {}),
  step: course(living, { target: (hour) => (hour < 24 ? 19 : 21) }),
  "set-back": course(living, { start: 16, hours: 72, target: setBackTarget, outside: daily(0, 5) }),
  window: course(living, { hours: 32, window: opened }),
  noise: course(noisySensor, {}),
  "fan heater": course(fanHeater, { outside: always(5) }),
  unreachable: course(smallHeater, { outside: always(-8) }),
} as const satisfies Readonly<Record<string, Course>>;

export type ScenarioName = keyof typeof scenarios;

/** After a day too cold for the heater a mild one: a law that wound up overheats here. */
export const release = course(smallHeater, {
  start: 16,
  target: always(20),
  outside: (hour) => (hour < 24 ? -8 : 10),
});
