import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { celsius, kelvin } from "../../../src/base/units.ts";
import { temperatureText } from "../../../src/board/screen/format.ts";
import { clampTarget, nudgeTarget, startTarget } from "../../../src/control/panel/set-point.ts";
import { Device } from "../device.ts";

const limits = {
  targetMin: celsius(5),
  targetMax: celsius(30),
  targetStep: kelvin(0.5),
  displayUnit: "C",
} as const;

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

  it("starts as set, and in °F at the nearest whole degree within the limits", () => {
    const inF = { ...limits, displayUnit: "F" } as const;
    expect(startTarget(19, limits)).toBe(19);
    expect(temperatureText(startTarget(19, inF), "F")).toBe("66.0");
    expect(temperatureText(startTarget(30, { ...inF, targetMax: celsius(29.9) }), "F")).toBe("85.0");
    expect(new Device({ displayUnit: "F" }).state.panel.values.targetTemperature).toBe(startTarget(19, inF));
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

describe("the set-point with the display in °F", () => {
  const american = { ...limits, displayUnit: "F" } as const;
  const shown = (target: number) => temperatureText(target, "F");
  const press = (from: number, presses: number, own: typeof american = american) => {
    let target = celsius(from);
    for (let left = Math.abs(presses); left > 0; left--)
      target = nudgeTarget(target, Math.sign(presses), own);
    return target;
  };

  it("moves by one whole degree Fahrenheit a press, from the next whole one on", () => {
    const up = [1, 2, 3, 4, 5].map((presses) => shown(press(19, presses)));
    expect(up).toEqual(["67.0", "68.0", "69.0", "70.0", "71.0"]);
    expect([1, 2, 3].map((presses) => shown(press(19, -presses)))).toEqual(["66.0", "65.0", "64.0"]);
  });

  it("shows every whole degree within the limits once, up and down, and drifts by nothing", () => {
    const every = Array.from({ length: 46 }, (_, index) => `${41 + index}.0`);
    expect(every.map((_, presses) => shown(press(5, presses)))).toEqual(every);
    expect(every.map((_, presses) => shown(press(30, -presses)))).toEqual(every.toReversed());
    const begin = press(19, 1);
    let target = begin;
    for (let round = 0; round < 100; round++) target = press(press(target, 15), -15);
    expect(target).toBe(begin);
  });

  it("keeps the limits: stops at the last whole degree within, and never moves against the press", () => {
    expect(press(19, 100)).toBe(30);
    expect(press(19, -100)).toBe(5);
    const odd = { ...american, targetMin: celsius(5.5), targetMax: celsius(24.5) };
    expect([shown(press(19, -100, odd)), shown(press(19, 100, odd))]).toEqual(["42.0", "76.0"]);
    expect(press(5.5, -1, odd)).toBe(5.5);
    expect(press(24.5, 1, odd)).toBe(24.5);
    const narrow = { ...american, targetMin: celsius(19), targetMax: celsius(19.3) };
    expect([press(19.1, 1, narrow), press(19.1, -1, narrow)]).toEqual([19.1, 19.1]);
  });

  it("is kept by the buttons of a device, through a power cut too", () => {
    const device = new Device({ displayUnit: "F" });
    for (const expected of ["67.0", "68.0", "69.0"]) {
      device.press("b");
      expect(shown(device.screen.target)).toBe(expected);
    }
    device.restart();
    device.press("a");
    expect(shown(device.screen.target)).toBe("68.0");
  });
});
