/** What dragging on a week makes of its texts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addPoint, movePoint, readDraft, removePoint } from "../../../src/hub/page/model/week-draft.ts";
import { minutesPerDay, readDay, type WeekPoint } from "../../../src/model/week.ts";

const limits = { lowest: 5, highest: 30 };
const at = (hour: number, target: number): WeekPoint => ({ minute: hour * 60, target });
const empty = ["", "", "", "", "", "", ""];

describe("a week as it is drawn", () => {
  it("goes on with what the day before has left, and on Monday with the last point of the week", () => {
    const days = readDraft(empty.with(0, "06:30 20, 22:00 16").with(2, "00:00 18"));
    expect(days[0]?.spans).toEqual([
      { from: 0, to: 390, target: 18 },
      { from: 390, to: 1320, target: 20 },
      { from: 1320, to: 1440, target: 16 },
    ]);
    expect(days[1]?.spans).toEqual([{ from: 0, to: 1440, target: 16 }]);
    expect(days[2]?.spans).toEqual([{ from: 0, to: 1440, target: 18 }]);
  });

  it("has no temperature without any points", () => {
    expect(readDraft(empty)[3]?.spans).toEqual([{ from: 0, to: 1440, target: undefined }]);
  });

  it("names what is wrong with a text, and draws the days around it", () => {
    const days = readDraft(empty.with(0, "06:30 20").with(1, "noon 20"));
    expect(days[1]).toMatchObject({
      points: [],
      problem: expect.stringContaining('"noon 20" is not a point'),
    });
    expect(days[1]?.spans).toEqual([{ from: 0, to: 1440, target: 20 }]);
  });
});

describe("a point that is dragged", () => {
  it("moves in steps of a quarter of an hour and half a degree", () => {
    expect(movePoint("06:30 20, 22:00 16", 0, { minute: 428, target: 20.8 }, limits)).toBe(
      "07:15 21, 22:00 16",
    );
  });

  it("stays between its neighbours, in its day and within the limits", () => {
    const text = "06:30 20, 12:00 18, 22:00 16";
    expect(movePoint(text, 1, at(23, 99), limits)).toBe("06:30 20, 21:45 30, 22:00 16");
    expect(movePoint(text, 1, at(1, -9), limits)).toBe("06:30 20, 06:45 5, 22:00 16");
    expect(movePoint(text, 0, at(-3, 20), limits)).toBe("00:00 20, 12:00 18, 22:00 16");
    expect(movePoint(text, 2, at(30, 16), limits)).toBe("06:30 20, 12:00 18, 23:45 16");
  });

  it("keeps its time between typed points that leave no step", () => {
    expect(movePoint("06:00 20, 06:05 21, 06:10 22", 1, at(9, 25), limits)).toBe(
      "06:00 20, 06:05 25, 06:10 22",
    );
  });
});

describe("a point that is added or removed", () => {
  it("stands in order of time", () => {
    expect(addPoint("06:30 20, 22:00 16", at(12.1, 18.2), limits)).toEqual({
      text: "06:30 20, 12:00 18, 22:00 16",
      index: 1,
    });
    expect(removePoint("06:30 20, 12:00 18, 22:00 16", 1)).toBe("06:30 20, 22:00 16");
    expect(removePoint("06:30 20", 0)).toBe("");
  });

  it("is none where there is one already, on a full day, and in a text that is no list of points", () => {
    const full = Array.from({ length: 16 }, (_, hour) => `${String(hour).padStart(2, "0")}:00 20`).join(", ");
    expect(addPoint("06:30 20", { minute: 391, target: 21 }, limits)).toBeUndefined();
    expect(addPoint(full, at(20, 20), limits)).toBeUndefined();
    expect(addPoint("noon 20", at(20, 20), limits)).toBeUndefined();
    expect(movePoint("noon 20", 0, at(20, 20), limits)).toBe("noon 20");
    expect(removePoint("noon 20", 0)).toBe("noon 20");
  });
});

it("whatever is dragged, added and removed, the text stays a valid day", () => {
  const place = fc.record({
    minute: fc.double({ min: -2000, max: 2000, noNaN: true }),
    target: fc.double({ min: -50, max: 90, noNaN: true }),
  });
  const change = fc.record({ kind: fc.constantFrom("add", "move", "remove"), index: fc.nat(20), place });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      let text = "06:07 20.25, 06:09 21";
      for (const { kind, index, place } of changes) {
        if (kind === "add") text = addPoint(text, place, limits)?.text ?? text;
        else text = kind === "move" ? movePoint(text, index, place, limits) : removePoint(text, index);
        const points = readDay(text);
        if (typeof points === "string") throw new Error(`${text}: ${points}`);
        for (const { minute, target } of points) {
          expect(minute).toBeGreaterThanOrEqual(0);
          expect(minute).toBeLessThan(minutesPerDay);
          expect(target).toBeGreaterThanOrEqual(5);
          expect(target).toBeLessThanOrEqual(30);
        }
      }
    }),
  );
});
