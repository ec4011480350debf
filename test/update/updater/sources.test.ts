/** The updater and its sources: two of them, when each is asked, and reports that do not arrive. */
import { describe, expect, it } from "vitest";
import { hours, minutes, seconds } from "../../../src/base/units.ts";
import { SourceError } from "../../../src/update/source.ts";
import { OwnerSystem } from "./scripted-source.ts";
import { ScriptedDownloads, Unit } from "./unit.ts";
import { give, world } from "./world.ts";

describe("two sources", () => {
  const two = async () => {
    const [first, second] = [new OwnerSystem("hawkbit"), new OwnerSystem("feed")];
    const downloads = new ScriptedDownloads();
    const unit = new Unit({ sources: () => [first.source, second.source], downloads });
    return { first, second, downloads, unit };
  };

  it("do not fight: one is served to its end, then the other", async () => {
    const { first, second, downloads, unit } = await two();
    give({ owner: first, downloads }, 5);
    give({ owner: second, downloads }, 6);
    await unit.boot();
    await unit.clock.advance(hours(1));
    expect([first.finalsOf("0.5.0"), second.finalsOf("0.6.0"), unit.runs]).toEqual([
      ["confirmed"],
      ["confirmed"],
      "0.6.0",
    ]);
    await unit.clock.advance(hours(100));
    expect([unit.starts, downloads.asked.length]).toEqual([3, 2]);
    await unit.stop();
  });

  it("of which one asks for an older image: refused once, and no coming and going", async () => {
    const { first, second, downloads, unit } = await two();
    give({ owner: first, downloads }, 6);
    give({ owner: second, downloads }, 5);
    await unit.boot();
    await unit.clock.advance(hours(1));
    // Whichever came first: the newer one runs at the end.
    await unit.clock.advance(hours(100));
    expect(unit.runs).toBe("0.6.0");
    expect(unit.starts).toBeLessThan(4);
    expect(second.finalsOf("0.5.0")).toHaveLength(1);
    await unit.stop();
  });
});

describe("checks", () => {
  it("happen soon after the start, then every 24 h or so where the source has no interval of its own", async () => {
    const { unit, owner } = await world({}, ({ owner: given }) => {
      given.retryAfterMs = undefined;
      given.assignment = null;
    });
    await unit.clock.advance(minutes(1));
    expect(owner.checks).toBe(1);
    await unit.clock.advance(hours(21));
    expect(owner.checks).toBe(1);
    await unit.clock.advance(hours(6));
    expect(owner.checks).toBe(2);
    await unit.stop();
  });

  it("spread over a minute and over the hours when many units start together", async () => {
    const times = await Promise.all(
      [0, 0.25, 0.999].map(async (random) => {
        const { unit, owner } = await world({ random: () => random }, ({ owner: given }) => {
          given.assignment = null;
          given.retryAfterMs = undefined;
        });
        let [first, second] = [0, 0];
        while (second === 0) {
          await unit.clock.advance(seconds(10));
          if (first === 0 && owner.checks === 1) first = unit.clock.now();
          if (owner.checks === 2) second = unit.clock.now();
        }
        await unit.stop();
        return { first, apart: (second - first) / hours(1) };
      }),
    );
    expect(times.map(({ first }) => first)).toEqual([seconds(10), seconds(20), seconds(60)]);
    for (const { apart } of times) expect(Math.abs(apart - 24)).toBeLessThan(2.5);
    expect(new Set(times.map(({ apart }) => apart)).size).toBe(3);
  });

  it("on demand answer what was found, and are not sent without end", async () => {
    const { unit, owner } = await world();
    expect(await unit.updater.check()).toEqual([{ source: "hawkbit", kind: "update", version: "0.5.0" }]);
    await Promise.all(Array.from({ length: 50 }, () => unit.updater.check()));
    for (let asked = 0; asked < 50; asked++) await unit.updater.check();
    expect(owner.checks).toBeLessThan(10);
    await unit.stop();
  });

  it("that fail are tried with growing pauses, and the reason is shown", async () => {
    const { unit, owner } = await world({}, ({ owner: given }) => {
      given.checkError = new SourceError("not-allowed", "wrong token");
    });
    await unit.clock.advance(hours(10));
    expect(owner.checks).toBeGreaterThan(8);
    expect(owner.checks).toBeLessThan(18);
    expect(unit.updater.status.sources.hawkbit?.problem).toEqual({
      code: "not-allowed",
      reason: "wrong token",
    });
    expect(await unit.updater.check()).toEqual([
      { source: "hawkbit", kind: "problem", code: "not-allowed", reason: "wrong token" },
    ]);
    owner.checkError = undefined;
    await unit.clock.advance(hours(2));
    expect(owner.finalsOf("0.5.0")).toEqual(["confirmed"]);
    await unit.stop();
  });

  it("wait as long as a server asks for", async () => {
    const { unit, owner } = await world({}, ({ owner: given }) => {
      given.checkError = new SourceError("too-many-requests", "slower", { retryAfterMs: hours(5) });
    });
    await unit.clock.advance(hours(4));
    expect(owner.checks).toBe(1);
    await unit.stop();
  });

  it("keep to a bound whatever interval a server names", async () => {
    const { unit, owner } = await world({}, ({ owner: given }) => {
      given.assignment = null;
      given.retryAfterMs = 0;
    });
    await unit.clock.advance(minutes(10));
    expect(owner.checks).toBeLessThan(62);
    owner.retryAfterMs = hours(24 * 365);
    await unit.clock.advance(hours(60));
    const before = owner.checks;
    await unit.clock.advance(hours(60));
    expect(owner.checks).toBeGreaterThan(before);
    await unit.stop();
  });
});

describe("a report", () => {
  it("that the source does not take is said again until it has it", async () => {
    const { unit, owner } = await world({}, ({ owner: given }) => {
      given.reportError = () => new SourceError("unreachable", "no route");
    });
    await unit.clock.advance(hours(5));
    expect([owner.heard, unit.runs]).toEqual([[], "0.5.0"]);
    expect(unit.slots.outcome?.reported).toBe(false);
    owner.reportError = undefined;
    await unit.clock.advance(hours(2));
    expect(owner.heard.map(({ report }) => report.kind)).toEqual(["confirmed"]);
    expect(unit.slots.outcome?.reported).toBe(true);
    await unit.stop();
  });

  it("survives a restart before it was said", async () => {
    const { unit, owner } = await world({}, ({ owner: given }) => {
      given.reportError = () => new SourceError("unreachable", "no route");
    });
    await unit.clock.advance(hours(1));
    const next = await unit.afterCut("names-lost");
    owner.reportError = undefined;
    await next.boot();
    await next.clock.advance(minutes(5));
    expect(owner.heard.map(({ report }) => report.kind)).toEqual(["confirmed"]);
    await next.stop();
  });

  it("that nobody waits for any more is not said for ever", async () => {
    let said = 0;
    const { unit } = await world({}, ({ owner: given }) => {
      given.reportError = ({ kind }) => {
        if (kind === "confirmed") said += 1;
        return new SourceError("gone", "410");
      };
    });
    await unit.clock.advance(hours(30));
    expect([said, unit.runs]).toEqual([1, "0.5.0"]);
    await unit.stop();
  });
});
