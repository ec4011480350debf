/** SR-05: when the heater pauses to see whether the room answers, and what the answer means: minute by minute. */
import { describe, expect, it } from "vitest";
import { celsius, minutes } from "../../../src/base/units.ts";
import {
  followSwitch,
  type HeatEffectState,
  isTesting,
  startHeatEffect,
  stepHeatEffect,
} from "../../../src/control/safety/heat-effect.ts";
import { addToTrend, startTrend } from "../../../src/control/safety/trend.ts";
import { noise } from "../plant.ts";

/** A room that changes by so much a minute, with heat and without, while heat is always wished for. */
class Room {
  state: HeatEffectState = startHeatEffect(minutes(0));
  mayPause = true;
  /** Minutes at which a pause began. */
  readonly pauses: number[] = [];
  /** Their lengths in minutes. */
  readonly lengths: number[] = [];
  now = 0;
  readonly #jitter: () => number;
  #level = 20;
  #trend = startTrend;

  constructor(jitter: () => number = () => 0) {
    this.#jitter = jitter;
  }

  run(forMinutes: number, heated: number, unheated = heated): this {
    for (let left = forMinutes; left > 0; left--) {
      const before = isTesting(this.state);
      this.#level += before ? unheated : heated;
      this.#trend = addToTrend(this.#trend, celsius(this.#level + this.#jitter()), minutes(this.now));
      this.now++;
      this.state = stepHeatEffect(this.state, {
        trend: this.#trend,
        heaterOn: !before,
        mayPause: this.mayPause,
        ineffectiveAfter: minutes(60),
        now: minutes(this.now),
      });
      const testing = isTesting(this.state);
      if (testing && !before) {
        this.pauses.push(this.now);
        this.lengths.push(0);
      }
      if (testing) this.lengths[this.lengths.length - 1] = (this.lengths.at(-1) ?? 0) + 1;
      this.state = followSwitch(this.state, !testing, true, minutes(this.now));
    }
    return this;
  }
}

describe("SR-05: the test whether the room answers", () => {
  it("begins after an hour of heat, when the room fell by half a kelvin", () => {
    const [begun = 0] = new Room().run(90, -0.03).pauses;
    expect(begun).toBeGreaterThanOrEqual(60);
    expect(begun).toBeLessThan(68);
    const [later = 0] = new Room().run(60, 0.004).run(60, -0.03).pauses;
    expect(later).toBeGreaterThan(begun + 15);
  });

  it("does not begin for a room that holds, nor for one that fell by less", () => {
    expect(new Room().run(600, 0).pauses).toEqual([]);
    expect(new Room().run(110, -0.005).pauses).toEqual([]);
    expect(new Room().run(180, -0.005).pauses.length).toBeGreaterThan(0);
  });

  it("pauses for longer and longer while nothing answers, from two minutes to twenty", () => {
    const room = new Room().run(200, -0.02);
    expect(room.lengths.slice(0, 4)).toEqual([2, 4, 9, 20]);
    expect(room.state.ineffective).toBe(true);
  });

  it("needs no second test, and is done within two and a half hours of the defect", () => {
    const room = new Room().run(140, -0.02);
    expect(room.state.ineffective).toBe(true);
  });

  it("ends with the answer: the pause is over in the minute in which the room falls", () => {
    const light = new Room().run(90, -0.02, -0.3);
    expect(light.lengths).toEqual([2]);
    const heavy = new Room().run(140, -0.02, -0.05);
    expect(heavy.lengths).toEqual([2, 4]);
    expect(heavy.state).toMatchObject({ test: undefined, answers: 1, failedTests: 0, ineffective: false });
  });

  it("is asked for again after six hours, then after twelve", () => {
    const room = new Room().run(60 * 40, -0.02, -0.04);
    const tests = room.pauses.filter((at, index) => at - (room.pauses[index - 1] ?? -60) > 60);
    const [first = 0, second = 0, third = 0] = tests
      .slice(1)
      .map((at, index) => (at - (tests[index] ?? 0)) / 60);
    expect(first).toBeGreaterThan(6);
    expect(first).toBeLessThan(7.5);
    for (const gap of [second, third]) expect(Math.abs(gap - 12.5)).toBeLessThan(0.75);
  });

  it("begins the next time with a pause little shorter than the one that was answered", () => {
    const room = new Room().run(60 * 9, -0.02, -0.035);
    const [first, second] = [room.lengths.slice(0, 3), room.lengths.slice(3)];
    expect(first).toHaveLength(3);
    expect(second.length).toBeLessThan(3);
  });

  it("is not led astray by noise", () => {
    const answered = [1, 2, 3, 4, 5, 6].map((seed) => {
      const room = new Room(noise(seed, 0.1));
      return room.run(400, -0.02).state.answers;
    });
    expect(answered.filter((count) => count > 0).length).toBeLessThanOrEqual(1);
  });

  it("is forgotten, with the fault, once the room warms by three tenths", () => {
    const room = new Room().run(200, -0.02);
    expect(room.state.ineffective).toBe(true);
    room.run(3, 0.03);
    expect(room.state.ineffective).toBe(true);
    room.run(60, 0.03);
    expect(room.state).toMatchObject({ failedTests: 0, ineffective: false });
  });

  it("is left out where it would endanger the room: it counts as one without an answer", () => {
    const room = new Room();
    room.mayPause = false;
    room.run(75, -0.02);
    expect(room.pauses).toEqual([]);
    expect(room.state.failedTests).toBeGreaterThan(0);
    room.run(60, -0.02);
    expect(room.state.ineffective).toBe(true);
  });
});
