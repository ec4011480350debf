/**
 * What SR-05 and SR-06 find in drawn rooms, how long it takes, and what their test pauses cost. A defect comes at a drawn
 * hour of the second day, after a day in which the device heated the room up from 4 K below its set-point.
 *
 * A dead heater counts from the first command to heat after its death: in a room that needs no heat nobody can find it. A
 * weld happens as the contact opens, and counts from the first command to open that lasts for an hour: while heat is
 * commanded a closed contact is right.
 */

import { uniform } from "../../../src/simulation/noise.ts";
import type { ThermalState } from "../../../src/simulation/room/thermal.ts";
import { advanceThermal, evenlyAt } from "../../../src/simulation/room/thermal.ts";
import { Core } from "./contenders/core.ts";
import type { Course } from "./plant.ts";
import type { Seen } from "./play.ts";
import { play } from "./play.ts";
import type { DrawnRoom } from "./rooms.ts";

const settleH = 24;
const observeH = 24;

export type Defect = "dead" | "welded";

export interface AlarmRun {
  readonly room: string;
  /** Hours from when the defect could be seen to its alarm; infinite when not found; undefined when never visible. */
  readonly afterH: number | undefined;
  /** Alarms before the defect, and wrong ones after it. */
  readonly wrong: readonly string[];
  readonly pauses: number;
  /** Largest fall of the true air by a test pause, below what it would be without the pause (K). */
  readonly deepestK: number;
}

/** Compares the air with that of a twin of the room in which the heater did not pause. */
class PauseCost {
  pauses = 0;
  deepestK = 0;
  #twin: ThermalState | undefined;
  #until = 0;
  readonly #course: Course;

  constructor(course: Course) {
    this.#course = course;
  }

  see({ hour, state }: Seen, paused: boolean): void {
    const { room, outside, window, gain, periodS } = this.#course;
    if (paused && !this.#twin) {
      this.#twin = { ...state };
      this.pauses += 1;
    }
    if (paused) this.#until = hour + 0.25;
    if (!this.#twin) return;
    this.deepestK = Math.max(this.deepestK, this.#twin.air - state.air);
    if (hour > this.#until) this.#twin = undefined;
    const around = { outside: outside(hour), window: window(hour), gain: gain(hour) };
    for (let left = periodS; this.#twin && left > 0; left--) {
      advanceThermal(this.#twin, room, 1, room.heaterPower, around);
    }
  }
}

export function alarmRun(drawn: DrawnRoom, defect: Defect): AlarmRun {
  const { course } = drawn;
  const due = settleH + 24 * uniform(drawn.seed + (defect === "dead" ? 1 : 2))();
  const core = new Core();
  const cost = new PauseCost(course);
  let [begun, visible, openSince, was] = [Infinity, Infinity, Infinity, false];
  const power = (commanded: boolean, hour: number) => {
    const opens = was && !commanded;
    was = commanded;
    if (begun === Infinity && hour >= due && (defect === "dead" || opens)) begun = hour;
    if (commanded) openSince = Infinity;
    else if (openSince === Infinity) openSince = hour;
    if (begun < Infinity && visible === Infinity) {
      if (defect === "dead" ? commanded : hour - openSince >= 1)
        visible = defect === "dead" ? hour : openSince;
    }
    const heats = begun === Infinity ? commanded : defect === "welded";
    return heats ? course.room.heaterPower : 0;
  };
  const started = { ...course, start: evenlyAt(course.target(0) - 4), hours: settleH + 24 + observeH, power };
  play(started, core, {
    seed: drawn.seed,
    watch: (seen) => {
      const { test } = core.device.state.effect;
      if (begun === Infinity) cost.see(seen, test !== undefined && test.resumedAt === undefined);
    },
  });
  const wanted = defect === "dead" ? "heating-ineffective" : "relay-stuck-on";
  // The cut-off is right to trip in a room that a weld heats without end.
  const found = core.raised.find(
    ({ fault, hour }) =>
      hour >= begun && (fault === wanted || (defect === "welded" && fault === "over-temperature")),
  );
  const wrong = core.raised.filter(
    ({ fault, hour }) => hour < begun || (fault !== wanted && fault !== "over-temperature"),
  );
  return {
    room: drawn.name,
    afterH: visible === Infinity ? undefined : found ? Math.max(0, found.hour - visible) : Infinity,
    wrong: wrong.map(({ fault, hour }) => `${fault} at ${hour.toFixed(1)} h`),
    pauses: cost.pauses,
    deepestK: cost.deepestK,
  };
}

/** The figures of many runs, one line. */
export function alarmText(defect: Defect, runs: readonly AlarmRun[], seed: number): string {
  const times = runs.flatMap(({ afterH }) => afterH ?? []).sort((a, b) => a - b);
  const within = (hours: number) =>
    `${((100 * times.filter((time) => time <= hours).length) / Math.max(1, times.length)).toFixed(1)} %`;
  const median = times[Math.floor((times.length - 1) / 2)] ?? Number.NaN;
  const deepest = Math.max(0, ...runs.map(({ deepestK }) => deepestK));
  const pauses = runs.reduce((sum, run) => sum + run.pauses, 0);
  const wrong = runs.filter((run) => run.wrong.length > 0);
  return [
    `${defect}, ${runs.length} rooms, seed ${seed}: visible in ${times.length}, median ${median.toFixed(2)} h,` +
      ` ${within(12)} in 12 h, ${within(24)} in 24 h`,
    `  ${pauses} pauses of sound heaters, deepest ${deepest.toFixed(2)} K;` +
      ` ${runs.filter(({ deepestK }) => deepestK > 1).length} rooms above 1 K; ${wrong.length} with a wrong alarm`,
    ...wrong.map((run) => `  ${run.room}: ${run.wrong.slice(0, 4).join(", ")}`),
  ].join("\n");
}
