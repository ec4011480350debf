import { describe, expect, it } from "vitest";
import { celsius, minutes, seconds } from "../../../src/base/units.ts";
import { addToTrend, levelAgo, startTrend, type Trend } from "../../../src/control/safety/trend.ts";

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
});
