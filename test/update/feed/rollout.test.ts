import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  placeOf,
  shortDigest,
  stopReason,
  tally,
  type UnitInFeed,
} from "../../../src/update/feed/rollout.ts";

const digest = "ab".repeat(32);
const image = shortDigest(digest);
const stage = { group: "default/home", digest, percent: 50 };
const unit = (changes: Partial<UnitInFeed> = {}): UnitInFeed => ({
  group: stage.group,
  place: 10,
  image: "",
  isOnTrial: false,
  lastImage: "",
  hasFailed: false,
  ...changes,
});
const failed = { lastImage: image, hasFailed: true };

describe("a staged roll-out", () => {
  it("counts the units of its own group and image alone", () => {
    const all = [
      unit({ image }),
      unit({ image, isOnTrial: true }),
      unit(failed),
      unit({ ...failed, lastImage: "0".repeat(16) }),
      unit({ place: 50 }),
      unit({ place: null }),
      unit({ ...failed, group: "default/office" }),
    ];
    expect(tally(all, stage)).toEqual({ units: 6, included: 4, confirmed: 1, failed: 1 });
  });

  it("does not count a failure that the same unit has overcome", () => {
    expect(tally([unit({ ...failed, image })], stage)).toMatchObject({ confirmed: 1, failed: 0 });
  });

  it.each([
    [{ included: 20, failed: 3 }, 20, false],
    [{ included: 20, failed: 4 }, 20, true],
    [{ included: 2, failed: 1 }, 20, true],
    [{ included: 0, failed: 0 }, 1, false],
    // Units that have left the group, or do not say their place.
    [{ included: 0, failed: 1 }, 100, true],
    [{ included: 3, failed: 2 }, 100, false],
  ])("with %o stops at %i %%: %s", (counts, stopAt, stops) => {
    const why = stopReason({ units: 20, confirmed: 0, ...counts }, stopAt);
    expect(why !== undefined).toBe(stops);
    if (stops) expect(why).toContain(`stops at ${stopAt} %`);
  });

  it("includes by the rounded place whom the unit itself includes, at every whole percentage", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 100 }), (id, percent) => {
        const place = Math.floor(placeOf(id) * 10) / 10;
        expect(tally([unit({ place })], { ...stage, percent }).included).toBe(placeOf(id) < percent ? 1 : 0);
      }),
    );
  });
});
