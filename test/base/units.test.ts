import { describe, expect, it } from "vitest";
import * as units from "../../src/base/units.ts";

const { celsius, duty, hours, kelvin, millis, minutes, relativeHumidity, seconds, wallMillis } = units;

describe("a quantity", () => {
  it.each(Object.entries(units))("by %s is a finite number or nothing", (_, make) => {
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(() => make(wrong)).toThrow(RangeError);
    }
    expect(make(7)).toBeGreaterThanOrEqual(7);
  });

  it("names itself with its unit when it refuses", () => {
    expect(() => celsius(Number.NaN)).toThrow("temperature (°C) must be a finite number, got NaN");
    expect(() => kelvin(Number.NaN)).toThrow("(K)");
    expect(() => millis(Number.NaN)).toThrow("time (ms)");
    expect(() => wallMillis(Number.NaN)).toThrow("wall time (ms)");
    expect(() => relativeHumidity(Number.NaN)).toThrow("(%)");
  });

  it("of time is in milliseconds", () => {
    expect([seconds(2), minutes(2), hours(2)]).toEqual([2000, 120_000, 7_200_000]);
  });

  it("in percent is clamped to its range", () => {
    expect([relativeHumidity(-0.1), relativeHumidity(100.1), duty(-1), duty(101)]).toEqual([0, 100, 0, 100]);
  });
});
