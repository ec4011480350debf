import { describe, expect, it } from "vitest";
import { nearest } from "../../src/base/nearest-word.ts";

describe("the word that was meant", () => {
  const known = ["run", "simulate", "doctor", "settings"] as const;

  it.each([
    ["simulte", "simulate"],
    ["SIMULATE", "simulate"],
    ["docter", "doctor"],
    ["ran", "run"],
    ["urn", undefined],
    ["settngs", "settings"],
    ["sttngs", "settings"],
    ["sings", undefined],
    ["", undefined],
  ])("by %j is %s", (typed, meant) => {
    expect(nearest(typed, known)).toBe(meant);
  });

  it("is the first of two that lie as near", () => {
    expect(nearest("cat", ["car", "cab"])).toBe("car");
    expect(nearest("cab", ["car", "cab"])).toBe("cab");
  });

  it("is not looked for in words beyond 64 characters", () => {
    const long = "x".repeat(64);
    expect(nearest(long, [`${long}y`])).toBe(`${long}y`);
    expect(nearest(`${long}y`, [long])).toBeUndefined();
  });
});
