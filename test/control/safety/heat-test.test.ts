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

/** A room that changes by so much a minute, with heat and without, while heat is always wished for. */
class Room {
  state: HeatEffectState = startHeatEffect(minutes(0));
  mayPause = true;
  /** Minutes at which a pause began. */
  readonly pauses: number[] = [];
  /** Minutes of pause. */
  paused = 0;
  now = 0;
  #level = 20;
  #trend = startTrend;

  run(forMinutes: number, heated: number, unheated = heated): this {
    for (let left = forMinutes; left > 0; left--) {
      const before = isTesting(this.state);
      this.#level += before ? unheated : heated;
      this.#trend = addToTrend(this.#trend, celsius(this.#level), minutes(this.now));
      this.now++;
      this.state = stepHeatEffect(this.state, {
        trend: this.#trend,
        heaterOn: !before,
        mayPause: this.mayPause,
        ineffectiveAfter: minutes(60),
        now: minutes(this.now),
      });
      const testing = isTesting(this.state);
      if (testing && !before) this.pauses.push(this.now);
      if (testing) this.paused++;
      this.state = followSwitch(this.state, !testing, testing, minutes(this.now));
    }
    return this;
  }
}

describe("SR-05: the pause in which the room is to answer", () => {
  it("begins an hour after the best that the heat has reached, when the room falls", () => {
    // The first level of five minutes is known at minute 6, and is the best of all.
    expect(new Room().run(65, -0.02).pauses).toEqual([]);
    expect(new Room().run(70, -0.02).pauses).toEqual([66]);
    // Here the best comes half an hour later.
    const [begun] = new Room().run(30, 0.005).run(90, -0.02).pauses;
    expect(begun).toBeGreaterThan(90);
    expect(begun).toBeLessThan(96);
  });

  it("does not begin for a room that holds, nor for one that has fallen by less than half a kelvin", () => {
    expect(new Room().run(600, 0).pauses).toEqual([]);
    expect(new Room().run(105, -0.005).pauses).toEqual([]);
    expect(new Room().run(120, -0.005).pauses).toHaveLength(1);
  });

  it("lasts 25 min, and comes again an hour after one without an answer", () => {
    const room = new Room().run(400, -0.02);
    const [first = 0, second = 0, third = 0] = room.pauses;
    expect([second - first, third - second]).toEqual([85, 85]);
    expect(room.paused % 25).toBe(0);
  });

  it("means that the heat does not arrive when two of them went unanswered", () => {
    const room = new Room().run(66 + 25, -0.02);
    expect(room.state).toMatchObject({ failedTests: 1, ineffective: false });
    room.run(84, -0.02);
    expect(room.state.ineffective).toBe(false);
    room.run(1, -0.02);
    expect(room.state.ineffective).toBe(true);
  });

  it("means that it does when the fall breaks downwards, and is not asked for again for six hours", () => {
    const room = new Room().run(66 + 25, -0.02, -0.04);
    expect(room.state).toMatchObject({ failedTests: 0, ineffective: false });
    room.run(359, -0.02, -0.04);
    expect(room.pauses).toEqual([66]);
    room.run(3, -0.02, -0.04);
    expect(room.pauses).toHaveLength(2);
  });

  it("is forgotten, with the fault, once the room warms by three tenths", () => {
    const room = new Room().run(200, -0.02);
    expect(room.state.ineffective).toBe(true);
    room.run(3, 0.03);
    expect(room.state.ineffective).toBe(true);
    room.run(20, 0.03);
    expect(room.state).toMatchObject({ failedTests: 0, ineffective: false });
  });

  it("is left out where it would endanger the room: it counts as one without an answer", () => {
    const room = new Room();
    room.mayPause = false;
    room.run(67, -0.02);
    expect([room.pauses, room.state.failedTests]).toEqual([[], 1]);
    room.run(60, -0.02);
    expect(room.state.ineffective).toBe(true);
  });
});
