import { describe, expect, it } from "vitest";
import { Backoff, pauseAfter } from "../../src/base/backoff.ts";
import { millis, minutes, seconds } from "../../src/base/units.ts";

describe("a back-off", () => {
  const limits = { first: seconds(1), longest: seconds(6), healthyAfter: minutes(1) };

  it("doubles the pause with each failure, up to the longest", () => {
    const backoff = new Backoff(limits);
    expect([1, 2, 3, 4, 5].map(() => backoff.failed())).toEqual([1000, 2000, 4000, 6000, 6000]);
  });

  it("begins anew when it works, and with the failure of what has worked long", () => {
    const backoff = new Backoff(limits);
    backoff.failed();
    backoff.reset();
    expect(backoff.failed()).toBe(1000);
    expect(backoff.failed(millis(59_999))).toBe(2000);
    expect(backoff.failed(minutes(1))).toBe(1000);
  });

  it("tells the next pause without counting it as a failure", () => {
    const backoff = new Backoff({ ...limits, factor: 5 });
    backoff.failed();
    expect([backoff.pause, backoff.pause, backoff.failed()]).toEqual([5000, 5000, 5000]);
  });

  it("stays at the longest pause however often it fails", () => {
    expect(pauseAfter(1e6, limits)).toBe(6000);
  });
});
