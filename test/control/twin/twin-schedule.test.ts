/** The schedule in the twin: an object, of which a patch may contain a part. */
import { describe, expect, it } from "vitest";
import { Session } from "./session.ts";

const week = { monday: "06:30 20, 22:00 16" };

describe("the schedule of the twin", () => {
  it("RR-2 is applied and acknowledged, with the days that have points", () => {
    const session = new Session();
    session.connect(1, { schedule: { ...week, tuesday: "" } });
    expect(session.told("schedule")).toMatchObject({ value: week, ac: 200, av: 1 });
  });

  it("is read from the whole document after a patch, which may have only one of its days", () => {
    const session = new Session();
    session.connect(1, { schedule: week });
    const { getAgain } = session.patch(2, { schedule: { sunday: "08:00 21" } });
    expect(getAgain).toBe(true);
    expect(session.told("schedule")).toMatchObject({ value: week, av: 1 });
    session.get(2, { schedule: { ...week, sunday: "08:00 21" } });
    expect(session.told("schedule")).toMatchObject({
      value: { ...week, sunday: "08:00 21" },
      ac: 200,
      av: 2,
    });
  });

  it("is the cloud's again when a patch repeats a part of it after the device has changed it, also over a power cut", () => {
    const session = new Session();
    session.connect(1, { schedule: week });
    session.device.request({ kind: "set", name: "schedule", value: {}, source: "local" });
    session.tell();
    session.patch(2, { schedule: week });
    expect(session.told("schedule")).toMatchObject({ ac: 203 });
    session.device.restart();
    session.connect(2, { schedule: week });
    expect(session.told("schedule")).toMatchObject({ value: week, ac: 200, av: 2 });
  });

  it("that appears in a patch and is deleted while the device is away is no repetition of everything else", () => {
    const session = new Session();
    session.connect(1, { targetTemperature: 21 });
    session.press("b");
    session.tell();
    session.patch(2, { schedule: week });
    session.device.restart();
    session.connect(3, { targetTemperature: 21 });
    expect(session.told("targetTemperature")).toMatchObject({ value: 21.5, ac: 203 });
    expect(session.told("schedule")).toMatchObject({ value: {}, ac: 200, av: 3 });
  });

  it("is no conflict in two forms: a day without points, and no such day", () => {
    const session = new Session();
    session.connect(1, {});
    session.device.request({ kind: "set", name: "schedule", value: week, source: "local" });
    const { decisions } = session.connect(2, { schedule: { ...week, tuesday: "" } });
    expect(decisions).toMatchObject([{ rule: "RR-2" }]);
    expect(session.told("schedule")?.["ad"]).not.toMatch(/won over/);
  });

  it("RR-8 says nothing when the same document comes again, in any order of days", () => {
    const session = new Session();
    session.connect(1, { schedule: { monday: "06:30 20", sunday: "08:00 21" } });
    const { schedule } = session.reported;
    session.connect(1, { schedule: { sunday: "08:00 21", monday: "06:30 20" } });
    expect(session.reported["schedule"]).toBe(schedule);
  });

  it.each([
    [{ monday: "06:30 20, 06:30 21" }, /06:30 must come after 06:30/],
    [{ monday: "06:30 20, ".repeat(10_000) }, /at most 16 points/],
    [["06:30 20"], /must be an object/],
    [{ monday: { "06:30": 20 } }, /its points must be a text/],
  ])("RR-6 is refused with a reason, and the rest of the document is applied: %#", (bad, why) => {
    const session = new Session();
    session.connect(1, { schedule: week });
    session.get(2, { schedule: bad, targetTemperature: 21 });
    expect(session.told("schedule")).toMatchObject({ value: week, ac: 400, av: 2 });
    expect(session.told("schedule")?.["ad"]).toMatch(why);
    expect(session.told("targetTemperature")).toMatchObject({ value: 21, ac: 200 });
  });

  it("RR-4 names the schedule that lost by its size", () => {
    const session = new Session();
    session.connect(1, {});
    session.device.request({ kind: "set", name: "schedule", value: week, source: "local" });
    session.connect(2, { schedule: { friday: "07:00 19" } });
    expect(session.told("schedule")).toMatchObject({ value: { friday: "07:00 19" }, ac: 200, av: 2 });
    expect(session.told("schedule")?.["ad"]).toMatch(
      /^won over a schedule with 2 points a week, set by local at /,
    );
  });

  it("RR-7 is none when the cloud deletes it, and its days are deleted at the hub", () => {
    const session = new Session();
    session.connect(1, { schedule: week });
    session.patch(2, { schedule: null });
    expect(session.told("schedule")).toMatchObject({ ac: 200, av: 2 });
    expect(session.told("schedule")?.["value"]).toEqual({ monday: null });
  });

  it("RR-9 survives a power cut with its ruling", () => {
    const session = new Session();
    session.connect(1, { schedule: week });
    session.device.restart();
    const { requests } = session.connect(1, { schedule: week });
    expect(requests).toEqual([]);
    expect(session.picture.values.schedule).toEqual(week);
  });
});
