import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CauseCode, cause, type Peer } from "../../../src/azure/link/cause.ts";
import { type Ending, type History, noHistory, planNext } from "../../../src/azure/link/reconnect.ts";
import { defaultTuning as tuning } from "../../../src/azure/link/tuning.ts";
import { millis } from "../../../src/base/units.ts";

const hub: Peer = { host: "hub", role: "the hub" };
const ending = (code: CauseCode, more: Partial<Ending> = {}): Ending => ({
  cause: cause(code, hub),
  peer: hub,
  attempted: true,
  provisioned: false,
  onlineMs: undefined,
  ...more,
});
const online = (seconds: number) => ({ onlineMs: millis(seconds * 1000) });

const evicted = (seconds: number): Ending =>
  ending("dropped", { ...online(seconds), cause: { ...cause("dropped", hub), closedByPeer: true } });

/** Plans one after another. */
function play(endings: readonly Ending[], random = 0.5) {
  let history: History = noHistory;
  return endings.map((each) => {
    const plan = planNext(history, each, tuning, random);
    history = plan.history;
    return plan;
  });
}
const repeat = (times: number, each: Ending) => Array.from({ length: times }, () => each);

const codes: CauseCode[] = [
  "timeout",
  "dropped",
  "key-refused",
  "throttled",
  "host-unreachable",
  "clock-wrong",
];
const anyEnding = fc
  .record({
    code: fc.constantFrom(...codes),
    provisioned: fc.boolean(),
    onlineMs: fc.option(fc.integer({ min: 0, max: 3_600_000 }), { nil: undefined }),
  })
  .map(({ code, provisioned, onlineMs }) =>
    ending(code, { provisioned, onlineMs: onlineMs === undefined ? undefined : millis(onlineMs) }),
  );

describe("the wait before the next attempt", () => {
  it("is never under the floor, never over the cap, whatever came before", () => {
    fc.assert(
      fc.property(
        fc.array(anyEnding, { maxLength: 40 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, random) => {
          for (const { waitMs } of play(all, random)) {
            expect(waitMs).toBeGreaterThanOrEqual(tuning.floorMs);
            expect(waitMs).toBeLessThanOrEqual(tuning.slowCapMs);
          }
        },
      ),
    );
  });

  it("doubles its ceiling with every failure in a row, up to a minute", () => {
    const waits = play(repeat(9, ending("host-unreachable")), 1).map(({ waitMs }) => waitMs / 1000);
    expect(waits).toEqual([1.25, 2.5, 5, 10, 20, 40, 60, 60, 60]);
  });

  it("is spread between floor and ceiling, so that a fleet does not come back at once", () => {
    const at = (random: number) => play(repeat(5, ending("timeout")), random).at(-1)?.waitMs;
    expect([at(0), at(0.5), at(1)]).toEqual([1000, 10_500, 20_000]);
  });

  it("is near the floor again after a link that was steady", () => {
    const [, , , , last] = play([...repeat(4, ending("timeout")), ending("dropped", online(61))], 1);
    expect(last?.waitMs).toBe(1250);
  });

  it("grows too when the hub ends each link at once; the third names a second device with the id", () => {
    const plans = play(repeat(6, evicted(1)), 1);
    expect(plans.map(({ cause: { code } }) => code)).toEqual([
      "dropped",
      "dropped",
      "duplicate-id",
      "duplicate-id",
      "duplicate-id",
      "duplicate-id",
    ]);
    expect(plans.at(-1)?.waitMs).toBe(300_000);
  });

  it("is none for a token's renewal, and forgets no more than it should", () => {
    expect(play([ending("renewal", online(64_800))])[0]).toMatchObject({ waitMs: 0, provision: false });
  });

  it("is short while the clock is wrong, however long that lasts", () => {
    expect(play(repeat(50, ending("clock-wrong", { attempted: false }))).at(-1)?.waitMs).toBe(5000);
  });

  it("is as long as a throttling service asks, up to the cap", () => {
    const throttled = (retryAfterMs: number) =>
      play([ending("throttled", { cause: { ...cause("throttled", hub), retryAfterMs } })], 0)[0]?.waitMs;
    expect([throttled(3000), throttled(60_000), throttled(1e9)]).toEqual([10_000, 60_000, 300_000]);
  });

  it("is not that of a second device when links last a while", () => {
    expect(play(repeat(6, evicted(20))).at(-1)?.cause.code).toBe("dropped");
  });

  it("is that of a bad link, not of a second device, when links are lost within seconds without a word", () => {
    const plans = play(repeat(9, ending("dropped", online(5))), 1);
    expect(plans.map(({ cause: { code } }) => code)).not.toContain("duplicate-id");
    expect(plans.at(-1)?.waitMs).toBe(60_000);
    const now = [
      evicted(5),
      ending("host-unreachable"),
      evicted(5),
      ending("timeout"),
      evicted(5),
      evicted(5),
    ];
    expect(play(now).map(({ cause: { code } }) => code)).not.toContain("duplicate-id");
  });
});

describe("DPS", () => {
  it("is asked after three failures in a row, and then not before three more", () => {
    const failed = ending("host-unreachable");
    const asked = ending("host-not-found", { provisioned: true, peer: { host: "dps", role: "DPS" } });
    const plans = play([failed, failed, failed, asked, failed, failed, failed]);
    expect(plans.map(({ provision }) => provision)).toEqual([false, false, true, false, false, false, true]);
  });

  it("is asked at once after a refusal, once: a hub that it confirms is asked slowly", () => {
    const refused = ending("key-refused");
    const confirmed = ending("key-refused", { provisioned: true });
    const plans = play([refused, confirmed, refused, refused], 0);
    expect(plans.map(({ provision }) => provision)).toEqual([true, false, false, false]);
    expect(plans.map(({ waitMs }) => waitMs)).toEqual([1000, 10_000, 10_000, 10_000]);
  });

  it("is asked again after a refusal once a link was steady in between", () => {
    const refused = ending("key-refused");
    const confirmed = ending("key-refused", { provisioned: true });
    const plans = play([refused, confirmed, ending("dropped", online(100)), refused]);
    expect(plans.at(-1)?.provision).toBe(true);
  });
});

it("a half-open link is found within 60 s: MQTT.js misses an answer after at most two keep-alives", () => {
  expect(tuning.keepAliveS * 2).toBeLessThanOrEqual(60);
});
