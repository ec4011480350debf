/** When an installed update may start. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hours, millis } from "../../../../src/base/units.ts";
import { decideSwap, type SwapSituation } from "../../../../src/firmware/update/swap/swap-decision.ts";

const anyTime = { updateFromHour: 0, updateUntilHour: 24, updateDeferralHours: 6 };
const atNight = { updateFromHour: 22, updateUntilHour: 5, updateDeferralHours: 6 };
const idle: SwapSituation = {
  by: "source",
  when: "when-convenient",
  isSealed: true,
  heaterOn: false,
  isHealthy: true,
  waited: millis(0),
  hour: 12,
  settings: anyTime,
};

const decision = (changes: Partial<SwapSituation> = {}): string => {
  const made = decideSwap({ ...idle, ...changes });
  return made.kind === "wait" ? made.code : made.kind;
};

describe("an installed update", () => {
  it("starts at once where nothing speaks against it", () => {
    expect(decision()).toBe("start");
  });

  it("waits while the heater is on, and not longer than the bound", () => {
    expect(decision({ heaterOn: true })).toBe("heating");
    expect(decision({ heaterOn: true, waited: millis(hours(6) - 1) })).toBe("heating");
    expect(decision({ heaterOn: true, waited: hours(6) })).toBe("start");
  });

  it("does not wait for the heater where the bound is nought", () => {
    expect(decision({ heaterOn: true, settings: { ...anyTime, updateDeferralHours: 0 } })).toBe("start");
  });

  it("waits while the device itself could not pass a trial", () => {
    expect(decision({ isHealthy: false })).toBe("not-healthy");
    expect(decision({ isHealthy: false, waited: hours(6) })).toBe("start");
  });

  it.each([
    [21.9, "outside-hours"],
    [22, "start"],
    [0, "start"],
    [4.9, "start"],
    [5, "outside-hours"],
  ])("at %d h, with hours from 22 to 5: %s", (hour, expected) => {
    expect(decision({ hour, settings: atNight })).toBe(expected);
  });

  it("waits a day longer for its hours, on a unit that has no power then", () => {
    const waiting = { hour: 12, settings: atNight };
    expect(decision({ ...waiting, waited: hours(29) })).toBe("outside-hours");
    expect(decision({ ...waiting, waited: hours(30) })).toBe("start");
  });

  it("with hours set and a clock that is wrong waits as outside of them; without hours it does not matter", () => {
    expect(decision({ hour: undefined, settings: atNight })).toBe("outside-hours");
    expect(decision({ hour: undefined })).toBe("start");
  });

  it("never starts by itself on a unit that is not sealed, however urgent; a person may start it", () => {
    const open = { isSealed: false, waited: hours(1000) };
    expect(decision(open)).toBe("not-sealed");
    expect(decision({ ...open, when: "now" })).toBe("not-sealed");
    expect(decision({ isSealed: false, by: "person" })).toBe("start");
  });

  it("starts whatever the heater does when it is to start now", () => {
    expect(decision({ when: "now", heaterOn: true, hour: 12, settings: atNight, isHealthy: false })).toBe(
      "start",
    );
  });

  it("starts within its bound and a day in every situation of a sealed unit (property)", () => {
    fc.assert(
      fc.property(
        fc.record({
          heaterOn: fc.boolean(),
          isHealthy: fc.boolean(),
          hour: fc.option(fc.double({ min: 0, max: 23.99, noNaN: true }), { nil: undefined }),
          from: fc.integer({ min: 0, max: 23 }),
          until: fc.integer({ min: 1, max: 24 }),
          bound: fc.integer({ min: 0, max: 72 }),
        }),
        ({ heaterOn, isHealthy, hour, from, until, bound }) => {
          fc.pre(from !== until);
          const settings = { updateFromHour: from, updateUntilHour: until, updateDeferralHours: bound };
          expect(
            decision({ heaterOn, isHealthy, hour, settings, waited: hours(bound + 24) }),
            `${from}-${until}`,
          ).toBe("start");
        },
      ),
    );
  });
});
