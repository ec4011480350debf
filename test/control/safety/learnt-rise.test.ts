/** SR-06: what the heater can do in this room, learnt from a few minutes of warming and forgotten within a year. */
import { describe, expect, it } from "vitest";
import { minutes } from "../../../src/base/units.ts";
import {
  followSwitch,
  type HeatEffectState,
  startHeatEffect,
  stepHeatEffect,
} from "../../../src/control/safety/heat-effect.ts";

/** In a room whose air takes 27 min to follow its heater, so much of what comes within 55 min shows in `ran` min. */
const shareAfter = (ran: number) => (1 - Math.exp(-ran / 27)) / (1 - Math.exp(-55 / 27));

/** One minute of the trend, in which the room rose by `rise` within three minutes. */
function minute(state: HeatEffectState, now: number, rise: number): HeatEffectState {
  const trend = { minute: 0, sum: 0, count: 1, means: [20, 20, 20, 20 + rise], last: 20, quantum: 0.01 };
  return stepHeatEffect(state, {
    trend,
    heaterOn: state.on,
    mayPause: true,
    ineffectiveAfter: minutes(60),
    now: minutes(now),
  });
}

/** The heater went on at minute 10 of a device that knows so much. */
const heated = (learntRise?: number) =>
  followSwitch(startHeatEffect(minutes(0), { learntRise }), true, false, minutes(10));

describe("the rise that the heater makes", () => {
  it("is drawn on from three minutes to 55, and believed by a quarter at a time", () => {
    const whole = 1 / shareAfter(3);
    const once = minute(heated(), 20, 1);
    expect(once.learntRise).toBeCloseTo(whole / 4, 9);
    expect(minute(once, 21, 1).learntRise).toBeCloseTo(whole * (1 - 0.75 ** 2), 9);
  });

  it("is drawn on from the time that the heater was on, when that was less", () => {
    expect(minute(heated(), 12, 1).learntRise).toBeCloseTo(1 / shareAfter(2) / 4, 9);
    expect(minute(heated(), 10.5, 1).learntRise).toBeCloseTo(1 / shareAfter(1) / 4, 9);
  });

  it("is seen also just after the heater went off, and not later", () => {
    const off = followSwitch(heated(), false, false, minutes(12));
    expect(minute(off, 14, 1).learntRise).toBeCloseTo(1 / shareAfter(2) / 4, 9);
    expect(minute(off, 15, 1).learntRise).toBeUndefined();
    expect(minute(off, 60, 5).learntRise).toBeUndefined();
  });

  it("is never that of a room without heat", () => {
    expect(minute(startHeatEffect(minutes(0)), 30, 5).learntRise).toBeUndefined();
  });

  it("is not made smaller by a weaker one, and fades to a third in half a year", () => {
    expect(minute(heated(20), 20, 1).learntRise).toBe(20);
    let state = heated(20);
    const day = 24 * 60;
    for (let at = 0; at < day; at++) state = minute(state, 20 + at, 0.5);
    expect(((state.learntRise ?? 0) / 20) ** 180).toBeCloseTo(1 / Math.E, 6);
  });

  it("does not count below 0.6 K in three minutes: sun and shut windows do that", () => {
    expect(minute(heated(), 20, 0.59).learntRise).toBeUndefined();
    expect(minute(heated(), 20, 0.61).learntRise).toBeGreaterThan(0);
  });

  it("is held to be no more than 60 K, whatever the sensor says", () => {
    let state = heated();
    for (let at = 0; at < 100; at++) state = minute(state, 20, 90);
    expect(state.learntRise).toBeCloseTo(60, 6);
  });
});
