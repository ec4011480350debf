import { afterEach, describe, expect, it } from "vitest";
import {
  defaultText,
  rangeText,
  settingGroups,
  settingProblem,
  settingsInForce,
  settingText,
  storedSetting,
} from "../../../src/hub/page/model/settings.ts";
import { shownDay, storedDay, weekText } from "../../../src/hub/page/model/text/schedule.ts";
import { showTemperaturesIn } from "../../../src/hub/page/model/text/units.ts";
import { plainText, valueText } from "../../../src/hub/page/model/text/words.ts";
import { defaultSettings, settingKeys, settingSpec } from "../../../src/model/settings.ts";

afterEach(() => showTemperaturesIn("C"));

describe("settings on the page", () => {
  it("are those that need no start, each once", () => {
    const shown = settingGroups.flatMap(({ keys }) => keys);
    expect(shown.toSorted()).toEqual(settingKeys.filter((key) => !settingSpec(key).restart).toSorted());
    expect(settingGroups[0]?.keys).toContain("conflictTargetTemperature");
  });

  it("leave out what this page does not know", () => {
    const { targetMax, law } = settingsInForce({ changed: { targetMax: 25, magic: 1, law: "hysteresis" } });
    expect([targetMax, law]).toEqual([25, "hysteresis"]);
  });

  it.each([
    ["targetMax", 36, "Outside of 7 to 35 °C."],
    ["hysteresis", 0.05, "Outside of 0.1 to 2 K."],
    ["targetMax", 34, "This must hold: targetMax + 2 K ≤ cutOff."],
    ["frostOff", 4, "This must hold: frostOn < frostOff."],
    ["targetMax", 28, undefined],
  ] as const)("say why %s may not be %s", (key, value, why) => {
    expect(settingProblem(defaultSettings, key, value)).toBe(why);
  });

  it("say the default beside another value", () => {
    expect(defaultText(defaultSettings, "cutOff")).toBe("Default");
    expect(defaultText({ ...defaultSettings, windowDetection: false }, "windowDetection")).toBe(
      "Default: On",
    );
    expect(settingText("maxStartsPerHour", 5)).toBe("5 an hour");
  });

  it("are in °F, and stored to the nearest step", () => {
    showTemperaturesIn("F");
    expect(rangeText("targetMax")).toBe("44.6 to 95 °F");
    expect(rangeText("hysteresis")).toBe("0.18 to 3.6 °F");
    expect([storedSetting("cutOff", 96), storedSetting("hysteresis", 1)]).toEqual([35.5, 0.6]);
    expect(storedSetting("dimAfterSeconds", 61)).toBe(61);
  });
});

describe("a schedule on the page", () => {
  it("is as stored in °C, whatever was typed", () => {
    expect([shownDay("06:30 20, 22:00 16.5"), shownDay(undefined)]).toEqual(["06:30 20, 22:00 16.5", ""]);
    expect(storedDay("nonsense")).toBe("nonsense");
    expect([weekText({}), weekText({ monday: "06:30 20" })]).toEqual(["none", "1 point a week"]);
  });

  it("is in °F there and back, and what is no point goes to the device as it is", () => {
    showTemperaturesIn("F");
    expect(shownDay("06:30 20, 22:00 16.5")).toBe("06:30 68, 22:00 61.7");
    expect(storedDay("06:30 68, 22:00 61.7")).toBe("06:30 20, 22:00 16.5");
    expect(storedDay("06:30 warm")).toBe("06:30 warm");
  });
});

it("shows differences and the device's own words in °F", () => {
  showTemperaturesIn("F");
  expect(valueText("sensorOffset", -0.5)).toBe("−0.9 °F");
  expect(plainText("must be 5 to 30 °C, not 99 °C")).toBe("must be 41 to 86 °F, not 210.2 °F");
});
