/** The words for a value that lost, and what a reader makes of them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wallMillis } from "../../../src/base/units.ts";
import {
  describeSuperseded,
  originText,
  parseSuperseded,
  type Superseded,
} from "../../../src/control/twin/superseded.ts";

const value = fc.oneof(
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((hundredths) => hundredths / 100),
  fc.boolean(),
  fc.constantFrom("auto", "manual"),
);
const origin = fc.oneof(
  fc.constantFrom<Pick<Superseded, "source" | "wallMs">>(
    { source: "default" },
    { source: "cloud" },
    { source: "device" },
  ),
  fc
    .tuple(fc.constantFrom("device", "local", "home-assistant"), fc.integer({ min: 0, max: 4e12 }))
    .map(([source, at]) => ({ source, wallMs: wallMillis(at) })),
);
const supersededValues = fc.tuple(value, origin).map(([lost, of]): Superseded => ({ value: lost, ...of }));

describe("the words for a value that lost", () => {
  it("are read back as what was said, wherever they stand", () => {
    const parts = fc.constantFrom("", "the nearest supported value; ");
    const ends = fc.constantFrom(
      "",
      "; set by the cloud",
      "; default",
      "; set at the device at 2026-01-01T00:00:00.000Z",
    );
    fc.assert(
      fc.property(supersededValues, parts, ends, (superseded, before, after) => {
        expect(parseSuperseded(`${before}${describeSuperseded(superseded)}${after}`)).toEqual(superseded);
      }),
    );
  });

  it.each([
    [
      { value: 20.5, source: "device", wallMs: wallMillis(0) },
      "won over 20.5, set at the device at 1970-01-01T00:00:00.000Z",
    ],
    [{ value: "auto", source: "cloud" }, "won over auto, set by the cloud"],
    [{ value: false, source: "default" }, "won over false, default"],
  ] as const)("say %j as one reads it", (superseded, words) => {
    expect(describeSuperseded(superseded)).toBe(words);
  });

  it("are found in no text that says something else", () => {
    for (const ad of [
      "",
      "default",
      "set by the cloud",
      "won over",
      "won over , default",
      "won over 5",
      "won over 5, set by a cat",
      "we won over 5, default",
      "won over 5, defaulted",
      `won over ${"5".repeat(65)}, default`,
      "won over 5; default",
    ])
      expect(parseSuperseded(ad), ad).toBeUndefined();
  });

  it("make a text of what is no finite number, and leave out what is no time", () => {
    expect(parseSuperseded("won over Infinity, default")?.value).toBe("Infinity");
    expect(parseSuperseded("won over  , default")?.value).toBe(" ");
    expect(parseSuperseded("won over 5, set at the device at noon")).toEqual({ value: 5, source: "device" });
  });

  it("never throw, whatever a device says", () => {
    const start = fc.constantFrom("won over ", "; won over 1, ", "won over 1, set at the device at ", "");
    fc.assert(
      fc.property(start, fc.string({ maxLength: 300 }), (first, rest) => void parseSuperseded(first + rest)),
    );
  });

  it("end with who made a value, and when where that is known", () => {
    const wallMs = wallMillis(1000);
    expect(originText({ source: "device", wallMs })).toBe("set at the device at 1970-01-01T00:00:01.000Z");
    // A device does not know when the cloud made its own; when it came is not that.
    expect(originText({ source: "cloud", wallMs })).toBe("set by the cloud");
    expect(originText({ source: "default", wallMs })).toBe("default");
  });
});
