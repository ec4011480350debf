/** Days and points as people type them, and what a terminal shows of the schedule. */
import { describe, expect, it } from "vitest";
import type { DeviceStatus } from "../../../src/firmware/local-socket/messages.ts";
import { inForceText, scheduleText } from "../../../src/firmware/local-socket/schedule-text.ts";
import { typedDays, typedPoints, withDays } from "../../../src/firmware/local-socket/typed-week.ts";

describe("days", () => {
  it("are typed by name, by three letters, or in groups", () => {
    expect(typedDays("Monday")).toEqual(["monday"]);
    expect(typedDays("sun")).toEqual(["sunday"]);
    expect(typedDays("weekend")).toEqual(["saturday", "sunday"]);
    expect([typedDays("weekdays").length, typedDays("all").length]).toEqual([5, 7]);
  });

  it("that do not exist are refused, with the nearest one", () => {
    expect(() => typedDays("munday")).toThrow('There is no day "munday".');
    expect(() => typedDays("constructor")).toThrow("There is no day");
  });
});

describe("points", () => {
  it.each([
    [["06:30", "20", "22:00", "16"], "06:30 20, 22:00 16"],
    [["06:30 20,", "22:00 16.25"], "06:30 20, 22:00 16.25"],
    [["6:30 20, 22:00 16"], "06:30 20, 22:00 16"],
    [[], ""],
  ])("%j", (words, text) => {
    expect(typedPoints(words)).toBe(text);
  });

  it.each([["06:30"], ["06:30 20 22:00"], ["20 06:30"], ["22:00 16 06:30 20"]])("%s is refused", (words) => {
    expect(() => typedPoints([words])).toThrow("These points are not valid");
  });

  it("take the place of those of their days, or leave them without any", () => {
    const week = { monday: "06:30 20", tuesday: "07:00 21" };
    expect(withDays(week, ["monday", "sunday"], "08:00 18")).toEqual({
      monday: "08:00 18",
      tuesday: "07:00 21",
      sunday: "08:00 18",
    });
    expect(withDays(week, ["monday"], "")).toEqual({ tuesday: "07:00 21" });
  });
});

describe("the terminal", () => {
  it("shows a week as a line for each day", () => {
    const lines = scheduleText({ monday: "06:30 20, 22:00 16" }).split("\n");
    expect(lines).toHaveLength(7);
    expect(lines.slice(0, 2)).toEqual(["monday     06:30 20, 22:00 16", "tuesday    as the day before"]);
    expect(scheduleText({})).toBe("No schedule: the set-point holds.");
  });

  it.each([
    [{ setPointFrom: "schedule", nextSetPoint: 16 }, "20.0 °C by the schedule until 22:00, then 16.0 °C"],
    [{ setPointFrom: "hold" }, "20.0 °C, hold until 22:00"],
    [{ setPointFrom: "away", setPointUntil: undefined }, "20.0 °C, away"],
    [{}, "20.0 °C until 22:00"],
  ] as const)("says what decides: %j", (facts, text) => {
    const setPointUntil = new Date(2027, 0, 11, 22).toISOString();
    const status = { aim: 20, unit: "C", setPointUntil, ...facts } as unknown as DeviceStatus;
    expect(inForceText(status, new Date(2027, 0, 11, 12).getTime())).toBe(text);
  });

  it.each([
    ["Asia/Tokyo", "20.0 °C until 07:00"],
    ["America/New_York", "20.0 °C until 17:00"],
  ])(
    "shows times as in the device's time zone %s, also where that of this machine is another",
    (timeZone, text) => {
      const nowMs = Date.UTC(2027, 0, 11, 21);
      const setPointUntil = new Date(Date.UTC(2027, 0, 11, 22)).toISOString();
      const status = { aim: 20, unit: "C", timeZone, setPointUntil } as unknown as DeviceStatus;
      expect(inForceText(status, nowMs)).toBe(text);
    },
  );
});
