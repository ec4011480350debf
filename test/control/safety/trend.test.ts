import { describe, expect, it } from "vitest";
import { celsius, minutes, seconds } from "../../../src/base/units.ts";
import {
  addToTrend,
  errorAhead,
  levelAgo,
  lineThrough,
  startTrend,
  type Trend,
} from "../../../src/control/safety/trend.ts";

/** Two readings in each of these minutes, 1 K apart around the value. */
function record(values: readonly (readonly [minute: number, value: number])[]): Trend {
  let trend = startTrend;
  for (const [minute, value] of values) {
    trend = addToTrend(trend, celsius(value - 0.5), minutes(minute));
    trend = addToTrend(trend, celsius(value + 0.5), seconds(minute * 60 + 59.9));
  }
  return trend;
}
const ramp = (count: number) => Array.from({ length: count }, (_, index) => [index, 10 + index] as const);

describe("the trend", () => {
  it("keeps the mean of each whole minute, not of the one under way", () => {
    expect(record(ramp(4)).means).toEqual([10, 11, 12]);
  });

  it("has new means exactly when a minute was completed", () => {
    const before = record(ramp(3));
    const within = addToTrend(before, celsius(20), seconds(179.95));
    expect(within.means).toBe(before.means);
    expect(addToTrend(within, celsius(20), minutes(3)).means).not.toBe(before.means);
  });

  it("keeps 64 minutes", () => {
    const { means } = record(ramp(100));
    expect(means).toHaveLength(64);
    expect([means[0], means.at(-1)]).toEqual([45, 108]);
  });

  it("keeps 64 minutes also when it bridges a gap at their end", () => {
    const { means } = record([...ramp(100), [102, 30]]);
    expect(means).toHaveLength(64);
    expect([means[0], means.at(-1)]).toEqual([48, 109]);
  });

  it("bridges two minutes without a reading by the last mean", () => {
    expect(record([...ramp(3), [5, 30], [6, 31]]).means).toEqual([10, 11, 12, 12, 12, 30]);
  });

  it("starts again after three, and when the time goes back", () => {
    expect(record([...ramp(3), [6, 30], [7, 31]]).means).toEqual([30]);
    expect(record([...ramp(3), [1, 30], [2, 31]]).means).toEqual([30]);
  });

  it("gives the level of five minutes, now and some time ago, and none from less", () => {
    const trend = record(ramp(8));
    expect(trend.means).toHaveLength(7);
    expect([0, 1, 2].map((ago) => levelAgo(trend, ago))).toEqual([14, 13, 12]);
    expect(levelAgo(trend, 3)).toBeUndefined();
  });

  it("knows the steps in which the sensor reads", () => {
    let trend = startTrend;
    expect(trend.quantum).toBeUndefined();
    for (const value of [20, 20, 20.5, 20.5, 19.5, 19.5])
      trend = addToTrend(trend, celsius(value), seconds(1));
    expect(trend.quantum).toBe(0.5);
    expect(addToTrend(trend, celsius(19.5004), seconds(2)).quantum).toBe(0.5);
    expect(addToTrend(trend, celsius(19.25), seconds(2)).quantum).toBe(0.25);
  });
});

describe("a line through the trend", () => {
  it("has the newest level, the slope, and no scatter when all lies on it", () => {
    const line = lineThrough(record(ramp(30)), 20);
    expect(line).toMatchObject({ minutes: 20, level: expect.closeTo(38, 9), slope: expect.closeTo(1, 9) });
    expect(line?.scatter).toBeCloseTo(0, 9);
    expect(lineThrough(record(ramp(3)), 20)).toBeUndefined();
  });

  it("has more scatter than noise where the way is bent", () => {
    const bent = lineThrough(record(Array.from({ length: 31 }, (_, at) => [at, 20 - 0.01 * at * at])), 30);
    expect(bent?.scatter).toBeGreaterThan(5 * (bent?.noise ?? 1));
    const noisy = lineThrough(record(Array.from({ length: 31 }, (_, at) => [at, 20 + (at % 2)])), 30);
    expect(noisy?.noise).toBeGreaterThan(noisy?.scatter ?? 9);
  });

  it("is less certain further ahead, and from fewer minutes", () => {
    const line = { level: 20, slope: 0, minutes: 40, scatter: 0.1, noise: 0.1 };
    const [near, far] = [errorAhead(line, 2, 2), errorAhead(line, 25, 2)];
    expect(near).toBeLessThan(far);
    expect(errorAhead({ ...line, minutes: 20 }, 25, 2)).toBeGreaterThan(far);
    expect(near).toBeCloseTo(0.1 * Math.sqrt(1 / 2 + 1 / 40 + 21.5 ** 2 / 5330), 9);
  });
});
