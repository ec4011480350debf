import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clampTarget, nudgeTarget } from "../../src/control/set-point.ts";
import { celsius, kelvin } from "../../src/control/units.ts";

const limits = { targetMin: celsius(5), targetMax: celsius(30), targetStep: kelvin(0.5) };

describe("the set-point", () => {
  it("moves by one step a press", () => {
    expect(nudgeTarget(celsius(19), 1, limits)).toBe(19.5);
    expect(nudgeTarget(celsius(19), -1, limits)).toBe(18.5);
    expect(nudgeTarget(celsius(19.2), 0, limits)).toBe(19.2);
  });

  it("snaps to the grid in the direction pressed", () => {
    expect(nudgeTarget(celsius(19.2), 1, limits)).toBe(19.5);
    expect(nudgeTarget(celsius(19.2), -1, limits)).toBe(19);
  });

  it("stops at its limits", () => {
    expect(nudgeTarget(celsius(29.8), 9, limits)).toBe(30);
    expect(nudgeTarget(celsius(5), -1, limits)).toBe(5);
    expect(clampTarget(99, limits)).toBe(30);
  });

  it("returns to the last bit after as many presses up as down, whatever the step", () => {
    const tenths = fc.integer({ min: 1, max: 10 }).map((value) => kelvin(value / 10));
    fc.assert(
      fc.property(tenths, fc.integer({ min: 1, max: 8 }), (targetStep, presses) => {
        const own = { ...limits, targetStep };
        const begin = nudgeTarget(celsius(19), 1, own);
        let target = begin;
        for (let i = 0; i < presses; i++) target = nudgeTarget(target, 1, own);
        for (let i = 0; i < presses; i++) target = nudgeTarget(target, -1, own);
        expect(target).toBe(begin);
        expect(String(target).length).toBeLessThan(6);
      }),
    );
  });
});
