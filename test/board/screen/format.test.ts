import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  faultText,
  furtherFaultsText,
  percentText,
  temperatureText,
  updateText,
  versionText,
} from "../../../src/board/screen/format.ts";
import { faultCodes } from "../../../src/model/faults.ts";
import { heating } from "./models.ts";

describe("an update on the screen", () => {
  it("is said in at most ten characters, and never as done while it is fetched", () => {
    const texts = (["downloading", "installing", "starting", "on-trial"] as const).flatMap((state) =>
      [-1, 0, 43.7, 99.9, 100, 300].map((percent) => updateText({ state, percent })),
    );
    expect(new Set(texts)).toEqual(
      new Set(["Update 0%", "Update 43%", "Update 99%", "Installing", "Restarting", "On trial"]),
    );
    expect(Math.max(...texts.map(({ length }) => length))).toBeLessThanOrEqual(10);
  });
});

describe("numbers on the screen", () => {
  it.each([
    [20.44, "C", "20.4"],
    [20.46, "C", "20.5"],
    [19, "C", "19.0"],
    [-0.04, "C", "0.0"],
    [-0.06, "C", "-0.1"],
    [0, "F", "32.0"],
    [-40, "F", "-40.0"],
    [19, "F", "66.2"],
    [5000, "C", "999.9"],
    [undefined, "F", "--.-"],
    [Number.NaN, "C", "--.-"],
    [Number.POSITIVE_INFINITY, "C", "--.-"],
  ] as const)("write %s °C in %s as %s", (celsius, unit, text) => {
    expect(temperatureText(celsius, unit)).toBe(text);
  });

  it("have one decimal and at most five characters, whatever the value", () => {
    fc.assert(
      fc.property(fc.double(), fc.constantFrom("C" as const, "F" as const), (value, unit) => {
        expect(temperatureText(value, unit)).toMatch(/^(-?\d{1,2}\.\d|\d{3}\.\d|--\.-)$/);
        expect(temperatureText(value, unit)).not.toBe("-0.0");
      }),
    );
  });

  it("write percent whole and within 0 to 100", () => {
    expect([45.5, -3, 250, undefined, Number.NaN].map(percentText)).toEqual(["46", "0", "100", "--", "--"]);
  });
});

describe("words on the screen", () => {
  it("mark a version as one and cut what is too long", () => {
    expect(versionText("0.1.0", 16)).toBe("v0.1.0");
    expect(versionText("dev", 16)).toBe("dev");
    expect(versionText("12.10.3-beta.4", 8)).toBe("v12.10.3");
  });

  it("name every fault in what the screens have room for, in letters that they have", () => {
    for (const code of faultCodes) expect(faultText(code)).toMatch(/^[ -}]{1,16}$/);
  });

  it("count the faults that are not shown", () => {
    const further = (faultCount: number) => furtherFaultsText({ ...heating, faultCount });
    expect([0, 1, 2, 5, 50].map(further)).toEqual(["", "", "+1", "+4", "+9"]);
  });
});
