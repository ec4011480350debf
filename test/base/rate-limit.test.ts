import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RateLimit, RateLimitByKey, refilled } from "../../src/base/rate-limit.ts";
import { millis, seconds } from "../../src/base/units.ts";

const limits = { max: 3, within: seconds(1) };

describe("a rate limit", () => {
  it("admits no more than so many in any span of time, and says how many it held back", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 60 });
    fc.assert(
      fc.property(gaps, (all) => {
        let now = 0;
        const limit = new RateLimit({ now: () => millis(now) }, limits);
        const admitted: number[] = [];
        let heldBack = 0;
        for (const gap of all) {
          now += gap;
          const { full } = limit;
          const before = limit.admit();
          expect(before === undefined).toBe(full);
          if (before === undefined) heldBack += 1;
          else {
            expect(before).toBe(heldBack);
            heldBack = 0;
            admitted.push(now);
          }
          const recent = admitted.filter((at) => now - at < limits.within);
          expect(recent.length).toBeLessThanOrEqual(limits.max);
          // It holds nothing back without need.
          if (before === undefined) expect(recent).toHaveLength(limits.max);
        }
      }),
    );
  });

  it("keeps keys apart, and forgets all of them before it remembers too many", () => {
    const limit = new RateLimitByKey({ now: () => millis(0) }, 2);
    const once = { max: 1, within: seconds(1) };
    const admit = (key: string) => limit.admit(key, once) !== undefined;
    expect(["a", "a", "b", "b"].map(admit)).toEqual([true, false, true, false]);
    expect(["c", "c", "a"].map(admit)).toEqual([true, false, true]);
  });

  it("tells of a key whether its next one would be rejected, without counting it", () => {
    const limit = new RateLimitByKey({ now: () => millis(0) }, 2);
    expect(limit.isFull("a")).toBe(false);
    limit.admit("a", { max: 2, within: seconds(1) });
    expect([limit.isFull("a"), limit.isFull("a")]).toEqual([false, false]);
    limit.admit("a", { max: 2, within: seconds(1) });
    expect([limit.isFull("a"), limit.isFull("b")]).toEqual([true, false]);
  });

  it("fills a bucket with time, up to its size, and never by a clock that stands still", () => {
    const bucket = { max: 5, perToken: seconds(10) };
    const empty = { tokens: 0, countedAt: millis(0) };
    expect(refilled(empty, seconds(25), bucket)).toEqual({ tokens: 2.5, countedAt: 25_000 });
    expect(refilled(empty, seconds(1000), bucket).tokens).toBe(5);
    expect(refilled(empty, millis(0), bucket).tokens).toBe(0);
  });
});
