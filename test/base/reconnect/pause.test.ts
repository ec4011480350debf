/** When a link that was lost tries again. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Attempts,
  type ConnectionEnd,
  countAttempt,
  isContested,
  noAttempts,
  type ReconnectLimits,
  reconnectPause,
} from "../../../src/base/reconnect/pause.ts";
import { millis, minutes, seconds } from "../../../src/base/units.ts";

const limits: ReconnectLimits = {
  floorMs: seconds(1),
  capMs: seconds(30),
  slowCapMs: minutes(5),
  stableMs: minutes(1),
  evictedMs: seconds(15),
};
const failed: ConnectionEnd = { onlineMs: undefined, closedByPeer: false };
const closedAfter = (s: number): ConnectionEnd => ({ onlineMs: seconds(s), closedByPeer: true });
const lostAfter = (s: number): ConnectionEnd => ({ onlineMs: seconds(s), closedByPeer: false });
const attemptsAfter = (ends: readonly ConnectionEnd[]): Attempts =>
  ends.reduce((before, end) => countAttempt(before, end, limits), noAttempts);
const repeat = (times: number, end: ConnectionEnd) => Array.from({ length: times }, () => end);

describe("the pause", () => {
  it("is never under the floor, never over the cap, whatever came before", () => {
    const anyEnd = fc.record({
      onlineMs: fc.option(fc.integer({ min: 0, max: 3_600_000 }).map(millis), { nil: undefined }),
      closedByPeer: fc.boolean(),
    });
    const random = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(anyEnd, { maxLength: 40 }), fc.boolean(), random, (ends, isSlow, drawn) => {
        const pause = reconnectPause(attemptsAfter(ends), isSlow, limits, drawn);
        expect(pause).toBeGreaterThanOrEqual(isSlow ? 10_000 : 1000);
        expect(pause).toBeLessThanOrEqual(isSlow ? 300_000 : 30_000);
      }),
    );
  });

  it("grows with each failure, also when the peer closes each connection at once", () => {
    const ceiling = (times: number, end: ConnectionEnd) =>
      reconnectPause(attemptsAfter(repeat(times, end)), false, limits, 1);
    expect([1, 2, 3, 9].map((times) => ceiling(times, failed))).toEqual([1250, 2500, 5000, 30_000]);
    expect([1, 2, 3, 9].map((times) => ceiling(times, closedAfter(1)))).toEqual([1250, 2500, 5000, 30_000]);
  });

  it("is near the floor again after a connection that lasted a minute, and no sooner", () => {
    const ceiling = (s: number) =>
      reconnectPause(attemptsAfter([...repeat(4, failed), lostAfter(s)]), false, limits, 1);
    expect([ceiling(59.999), ceiling(60)]).toEqual([20_000, 1250]);
  });
});

describe("another client with the same id", () => {
  it("is suspected at the third connection in a row that the peer closed within 15 s", () => {
    expect(
      [1, 2, 3, 4].map((times) => isContested(attemptsAfter(repeat(times, closedAfter(14.999))))),
    ).toEqual([false, false, true, true]);
    expect(isContested(attemptsAfter(repeat(9, closedAfter(15))))).toBe(false);
  });

  it("is not suspected behind a network that loses connections, or between failed attempts", () => {
    expect(isContested(attemptsAfter(repeat(9, lostAfter(1))))).toBe(false);
    expect(isContested(attemptsAfter([closedAfter(1), closedAfter(1), failed, closedAfter(1)]))).toBe(false);
    expect(
      isContested(attemptsAfter([closedAfter(1), closedAfter(1), closedAfter(1), closedAfter(60)])),
    ).toBe(false);
  });
});
