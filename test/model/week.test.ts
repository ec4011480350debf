/** A week of set-points as people and clouds write it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { validateValue } from "../../src/model/cloud-schema.ts";
import { writableProperties } from "../../src/model/properties.ts";
import { isWeek, pointsOf, weekSummary, writeWeek } from "../../src/model/week.ts";

const { schema } = writableProperties.schedule;
const problem = (value: unknown) => validateValue(schema, value);

describe("a schedule", () => {
  it("is an object with a text for each day that has points", () => {
    for (const value of [
      {},
      { monday: "" },
      { monday: "06:30 20, 22:00 16", sunday: "9:05 18.5" },
      { friday: "00:00 5, 23:59 30" },
    ])
      expect(problem(value)).toBeUndefined();
  });

  it.each([
    [null, "must be an object with a text for each day"],
    [[], "must be an object with a text for each day"],
    ["06:30 20", "must be an object with a text for each day"],
    [{ someday: "06:30 20" }, "must have the days monday to sunday, not someday"],
    [{ monday: 20 }, "must have a valid monday: its points must be a text, such as 06:30 20, 22:00 16"],
    [
      { monday: ["06:30 20"] },
      "must have a valid monday: its points must be a text, such as 06:30 20, 22:00 16",
    ],
    [{ monday: "06:30" }, 'must have a valid monday: "06:30" is not a point such as 06:30 20'],
    [{ monday: "24:00 20" }, 'must have a valid monday: "24:00 20" is not a point such as 06:30 20'],
    [{ monday: "06:30 20," }, 'must have a valid monday: "" is not a point such as 06:30 20'],
    [{ monday: "06:30 1e1" }, 'must have a valid monday: "06:30 1e1" is not a point such as 06:30 20'],
    [{ monday: "07:00 20, 06:30 18" }, "must have a valid monday: 06:30 must come after 07:00"],
    [{ monday: "07:00 20, 07:00 18" }, "must have a valid monday: 07:00 must come after 07:00"],
    [{ monday: "06:30 31" }, "must have a valid monday: 06:30 31 is not within 5 to 30 °C"],
    [{ monday: "06:30 4.9" }, "must have a valid monday: 06:30 4.9 is not within 5 to 30 °C"],
  ])("is refused as %j, with a reason", (value, why) => {
    expect(problem(value)).toBe(why);
  });

  it("has at most 16 points a day, and ten thousand are not read", () => {
    const day = (count: number) =>
      Array.from(
        { length: count },
        (_, at) => `${Math.floor(at / 60)}:${String(at % 60).padStart(2, "0")} 20`,
      );
    expect(problem({ monday: day(16).join(", ") })).toBeUndefined();
    for (const count of [17, 1000])
      expect(problem({ monday: day(count).join(",") })).toBe(
        "must have a valid monday: it must have at most 16 points",
      );
    expect(problem({ monday: "06:30 20,".repeat(10_000) })).toMatch(/at most 16 points/);
    const names = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`day${at}`, "06:30 20"]));
    expect(problem(names)).toMatch(/must have the days/);
  });

  it("never throws, and gives reasons that fit into an acknowledgement", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), fc.string({ maxLength: 400 }), (value, text) => {
        for (const tried of [value, { monday: value }, { monday: text }, { [text]: "06:30 20" }]) {
          const why = problem(tried);
          expect(why === undefined || why.length <= 200).toBe(true);
          expect(isWeek(tried) || why !== undefined).toBe(true);
        }
      }),
    );
  });

  it("has one form, which says the same", () => {
    const week = { sunday: "9:05   18.504", monday: " 06:30 20.0,22:00 16 ", tuesday: "" };
    const written = writeWeek(week);
    expect(written).toEqual({ monday: "06:30 20, 22:00 16", sunday: "09:05 18.5" });
    expect(Object.keys(written)).toEqual(["monday", "sunday"]);
    expect(writeWeek(written)).toEqual(written);
    expect(weekSummary(written)).toBe("a schedule with 3 points a week");
    expect(pointsOf(written)).toEqual([
      { minute: 390, target: 20 },
      { minute: 1320, target: 16 },
      { minute: 6 * 1440 + 545, target: 18.5 },
    ]);
  });
});
