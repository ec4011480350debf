/** The updater on virtual time: from an assignment to the one word about its outcome. */
import { describe, expect, it } from "vitest";
import { hours, minutes, seconds } from "../../../src/base/units.ts";
import { SourceError } from "../../../src/update/source.ts";
import { imageOf } from "../fixtures.ts";
import { give, world } from "./world.ts";

describe("an assigned update", () => {
  it("is downloaded, installed, tried, and reported once when its health is proven, not before", async () => {
    const { unit, owner } = await world();
    await unit.clock.advance(minutes(1));
    expect([...new Set(owner.saidOf("0.5.0"))]).toEqual(["downloading", "downloaded", "installing"]);
    expect(unit.updater.status.state).toBe("on-trial");
    await unit.clock.advance(hours(30));
    expect(unit.runs).toBe("0.5.0");
    expect(owner.finalsOf("0.5.0")).toEqual(["confirmed"]);
    expect(unit.slots.outcome?.reported).toBe(true);
    expect(unit.updater.status).toMatchObject({
      state: "idle",
      last: { result: "confirmed", version: "0.5.0" },
    });
    await unit.stop();
  });

  it("that fails its trial is reported as reverted with its reason, once, and is not tried again", async () => {
    const health = () => ({ revertedFor: "no sensor reading in 60 s" });
    const { unit, owner, downloads } = await world({ health });
    await unit.clock.advance(hours(50));
    expect(owner.finalsOf("0.5.0")).toEqual(["reverted"]);
    expect(owner.heard.at(-1)?.report).toMatchObject({ reason: "no sensor reading in 60 s" });
    expect(unit.runs).toBe("factory");
    // The owner insists on the same image: a new assignment, refused without another trial.
    give({ owner, downloads }, 5, { id: "again" });
    await unit.clock.advance(hours(1));
    expect(owner.heard.at(-1)?.report).toMatchObject({ kind: "refused", code: "known-bad" });
    await unit.stop();
  });

  it("that never proves anything ends after three starts", async () => {
    const { unit, owner } = await world({ health: () => "silent" });
    await unit.clock.advance(hours(1));
    expect(owner.finalsOf("0.5.0")).toEqual(["reverted"]);
    expect(owner.heard.at(-1)?.report).toMatchObject({ reason: "it did not prove its health in 3 starts" });
    await unit.stop();
  });

  it("that is refused is reported with code and reason, and not downloaded again while it is the same", async () => {
    const { unit, owner, downloads } = await world({}, ({ downloads: given }) => {
      given.images.set("https://host.example/0.5.0", imageOf(5, { product: "other" }));
    });
    await unit.clock.advance(hours(1));
    expect(owner.heard.at(-1)?.report).toMatchObject({ kind: "refused", code: "other-product" });
    // A source that has nobody to tell, such as a feed, offers it on and on.
    give({ owner, downloads }, 5);
    await unit.clock.advance(hours(30));
    expect(downloads.asked).toHaveLength(1);
    give({ owner, downloads }, 6);
    await unit.clock.advance(hours(1));
    expect(unit.runs).toBe("0.6.0");
    await unit.stop();
  });

  it("that is refused is tried again once the unit is another, by its keys, group, version or seal", async () => {
    const { unit, owner, downloads } = await world({}, ({ downloads: given }) => {
      given.images.set("https://host.example/0.5.0", imageOf(5, { product: "other" }));
    });
    await unit.clock.advance(hours(1));
    expect(owner.finalsOf("0.5.0")).toEqual(["refused"]);
    give({ owner, downloads }, 5);
    await unit.clock.advance(hours(2));
    expect([unit.runs, downloads.asked.length]).toEqual(["factory", 1]);
    unit.identity = "with another key";
    await unit.clock.advance(hours(1));
    expect([unit.runs, downloads.asked.length]).toEqual(["0.5.0", 2]);
    await unit.stop();
  });

  it("that is refused is not tried again before the owner has heard of the refusal", async () => {
    const { unit, owner, downloads } = await world({}, (made) => {
      made.downloads.images.set("https://host.example/0.5.0", imageOf(5, { product: "other" }));
      made.owner.reportError = ({ kind }) =>
        kind === "refused" ? new SourceError("unreachable", "no answer") : undefined;
    });
    await unit.clock.advance(hours(1));
    give({ owner, downloads }, 5);
    unit.identity = "with another key";
    await unit.clock.advance(hours(2));
    expect([owner.finalsOf("0.5.0"), unit.runs]).toEqual([[], "factory"]);
    owner.reportError = undefined;
    await unit.clock.advance(hours(2));
    expect(owner.finalsOf("0.5.0")).toEqual(["refused"]);
    await unit.stop();
  });

  it("whose download was damaged is fetched once more, then refused", async () => {
    const { unit, owner, downloads } = await world({}, ({ downloads: given }) => {
      const damaged = imageOf(5);
      damaged[damaged.length - 1] = 0;
      given.images.set("https://host.example/0.5.0", damaged);
    });
    await unit.clock.advance(hours(1));
    expect(downloads.asked).toHaveLength(2);
    expect(owner.heard.at(-1)?.report).toMatchObject({ kind: "refused", code: "wrong-content" });
    await unit.stop();
  });

  it("is tried again with growing pauses while the download fails, and says why", async () => {
    const { unit, owner, downloads } = await world({}, ({ downloads: given }) => {
      given.answer = async () => ({ kind: "again", code: "unreachable", reason: "no route" });
    });
    await unit.clock.advance(hours(3));
    expect(downloads.asked.length).toBeGreaterThan(5);
    expect(downloads.asked.length).toBeLessThan(12);
    expect(unit.updater.status).toMatchObject({ state: "waiting", reason: "unreachable: no route" });
    downloads.answer = undefined;
    await unit.clock.advance(hours(2));
    expect(owner.finalsOf("0.5.0")).toEqual(["confirmed"]);
    await unit.stop();
  });

  it("that cannot be written to the disk is given up after five tries, and the owner hears it", async () => {
    const { unit, owner } = await world({}, ({ unit: given }) => {
      given.beforeInstall = () => Promise.reject(Object.assign(new Error("no space"), { code: "ENOSPC" }));
    });
    await unit.clock.advance(hours(5));
    expect(owner.heard.at(-1)?.report).toMatchObject({ kind: "refused", code: "install-failed" });
    expect(owner.saidOf("0.5.0").filter((kind) => kind === "installing").length).toBeGreaterThan(0);
    expect(unit.runs).toBe("factory");
    await unit.stop();
  });

  it("that runs already is confirmed without a restart", async () => {
    const { unit, owner, downloads } = await world();
    await unit.clock.advance(hours(1));
    const { starts } = unit;
    give({ owner, downloads }, 5, { id: "same-image" });
    await unit.clock.advance(hours(1));
    expect(owner.finalsOf("same-image")).toEqual(["confirmed"]);
    expect(unit.starts).toBe(starts);
    await unit.stop();
  });

  it("of which only the download is wanted is kept and not installed", async () => {
    const { unit, owner, downloads } = await world({}, (made) => void give(made, 5, { install: "never" }));
    await unit.clock.advance(hours(1));
    expect(owner.saidOf("0.5.0").filter((kind) => kind !== "downloading")).toEqual(["kept"]);
    expect([unit.runs, downloads.discarded]).toEqual(["factory", 0]);
    await unit.stop();
  });

  it("waits for its maintenance window, and goes on in it", async () => {
    const { unit, owner, downloads } = await world({}, (made) => void give(made, 5, { install: "wait" }));
    await unit.clock.advance(hours(2));
    expect(owner.saidOf("0.5.0").at(-1)).toBe("downloaded");
    expect(unit.updater.status).toMatchObject({
      state: "waiting",
      reason: "the maintenance window is closed",
    });
    give({ owner, downloads }, 5);
    await unit.clock.advance(minutes(10));
    expect(owner.finalsOf("0.5.0")).toEqual(["confirmed"]);
    expect(downloads.asked).toHaveLength(1);
    await unit.stop();
  });

  it("is deferred with its reason while the heater needs the process, said once, and starts after", async () => {
    const { unit, owner } = await world({}, ({ unit: given }) => {
      given.blocked = { reason: "heat is called for", retryAfterMs: minutes(5) };
    });
    await unit.clock.advance(hours(2));
    expect(owner.saidOf("0.5.0").filter((kind) => kind === "deferred")).toHaveLength(1);
    expect(unit.updater.status).toMatchObject({ state: "deferred", reason: "heat is called for" });
    unit.blocked = undefined;
    await unit.clock.advance(minutes(10));
    expect(owner.finalsOf("0.5.0")).toEqual(["confirmed"]);
    await unit.stop();
  });
});

describe("an update that has waited for its start", () => {
  const waiting = async () => {
    const made = await world({}, ({ unit, owner }) => {
      unit.blocked = { reason: "heat is called for", retryAfterMs: minutes(5) };
      owner.retryAfterMs = hours(24);
    });
    await made.unit.clock.advance(hours(5));
    return made;
  };

  it("is asked for once more, and is not started when it is not wanted any more", async () => {
    const { unit, owner } = await waiting();
    owner.assignment = null;
    unit.blocked = undefined;
    await unit.clock.advance(minutes(10));
    expect([unit.starts, owner.finalsOf("0.5.0"), unit.runs]).toEqual([1, ["canceled"], "factory"]);
    await unit.stop();
  });

  it("starts all the same when its source does not answer", async () => {
    const { unit, owner } = await waiting();
    owner.checkError = new SourceError("unreachable", "the stick is gone");
    unit.blocked = undefined;
    await unit.clock.advance(minutes(10));
    expect([unit.starts, unit.runs]).toEqual([2, "0.5.0"]);
    await unit.stop();
  });
});

describe("an update that the owner takes back", () => {
  it("before the unit has seen it: canceled", async () => {
    const { unit, owner, downloads } = await world({}, ({ owner: given }) => {
      given.cancel = "0.5.0";
    });
    await unit.clock.advance(minutes(10));
    expect(owner.saidOf("0.5.0")).toEqual(["canceled"]);
    expect(downloads.asked).toEqual([]);
    await unit.stop();
  });

  it("mid-download: the download ends, canceled", async () => {
    let aborted = false;
    const { unit, owner, downloads } = await world({}, ({ downloads: given }) => {
      given.answer = (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            aborted = true;
            resolve({ kind: "again", code: "aborted", reason: "aborted" });
          });
        });
    });
    await unit.clock.advance(minutes(3));
    expect([aborted, unit.updater.status.state]).toEqual([false, "downloading"]);
    owner.cancel = "0.5.0";
    await unit.clock.advance(minutes(6));
    expect(aborted).toBe(true);
    expect(owner.finalsOf("0.5.0")).toEqual(["canceled"]);
    expect(downloads.asked).toHaveLength(1);
    await unit.stop();
  });

  it("mid-install: nothing starts, canceled; the next update is installed", async () => {
    const { unit, owner, downloads } = await world({}, ({ unit: given }) => {
      given.beforeInstall = (signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    });
    await unit.clock.advance(minutes(3));
    expect(unit.updater.status.state).toBe("installing");
    owner.cancel = "0.5.0";
    await unit.clock.advance(minutes(6));
    expect([owner.finalsOf("0.5.0"), unit.runs]).toEqual([["canceled"], "factory"]);
    unit.beforeInstall = undefined;
    give({ owner, downloads }, 6);
    await unit.clock.advance(minutes(10));
    expect(owner.finalsOf("0.6.0")).toEqual(["confirmed"]);
    await unit.stop();
  });

  it("while it is installed and deferred: never started, canceled", async () => {
    const { unit, owner } = await world({}, ({ unit: given }) => {
      given.blocked = { reason: "heat is called for", retryAfterMs: minutes(1) };
    });
    await unit.clock.advance(minutes(10));
    owner.cancel = "0.5.0";
    unit.blocked = { reason: "heat is called for", retryAfterMs: hours(1) };
    await unit.clock.advance(minutes(6));
    unit.blocked = undefined;
    await unit.clock.advance(hours(30));
    expect([owner.finalsOf("0.5.0"), unit.runs, unit.starts]).toEqual([["canceled"], "factory", 1]);
    await unit.stop();
  });

  it("in its trial: refused with the reason, and the outcome is reported", async () => {
    const { unit, owner } = await world();
    await unit.clock.advance(seconds(45));
    expect(unit.updater.status.state).toBe("on-trial");
    owner.cancel = "0.5.0";
    await unit.updater.check();
    await unit.clock.settle();
    expect(owner.saidOf("0.5.0").at(-1)).toBe("not-canceled");
    await unit.clock.advance(hours(1));
    expect(owner.finalsOf("0.5.0")).toEqual(["confirmed"]);
    await unit.stop();
  });

  it("in the very moment of the start: refused, and the outcome is reported", async () => {
    let go: () => void = () => undefined;
    const { unit, owner } = await world({}, ({ unit: given }) => {
      given.beforeStart = () =>
        new Promise((resolve) => {
          go = resolve;
        });
    });
    await unit.clock.advance(minutes(3));
    expect(unit.updater.status.state).toBe("starting");
    owner.cancel = "0.5.0";
    await unit.updater.check();
    await unit.clock.settle();
    expect(owner.saidOf("0.5.0").at(-1)).toBe("not-canceled");
    go();
    await unit.clock.advance(hours(1));
    expect([owner.finalsOf("0.5.0"), unit.runs]).toEqual([["confirmed"], "0.5.0"]);
    await unit.stop();
  });

  it("when its outcome is only not said yet: the outcome counts", async () => {
    const { unit, owner } = await world({}, ({ owner: given }) => {
      given.reportError = () => new SourceError("unreachable", "no route");
    });
    await unit.clock.advance(hours(1));
    owner.cancel = "0.5.0";
    await unit.clock.advance(hours(1));
    owner.reportError = undefined;
    await unit.clock.advance(hours(3));
    expect(owner.saidOf("0.5.0")).toEqual(["confirmed"]);
    await unit.stop();
  });

  it("by assigning another one: the first is canceled, the second installed", async () => {
    const { unit, owner, downloads } = await world({}, ({ downloads: given }) => {
      given.answer = (url) =>
        url.endsWith("0.5.0") ? Promise.resolve({ kind: "again", code: "slow", reason: "slow" }) : undefined;
    });
    await unit.clock.advance(minutes(3));
    give({ owner, downloads }, 6);
    await unit.clock.advance(hours(1));
    expect([owner.finalsOf("0.5.0"), owner.finalsOf("0.6.0")]).toEqual([["canceled"], ["confirmed"]]);
    await unit.stop();
  });

  it("and whose artifact is gone mid-download: the source is asked at once, not at its interval", async () => {
    const { unit, owner, downloads } = await world({}, ({ owner: given, downloads: fetched }) => {
      given.retryAfterMs = hours(12);
      fetched.answer = async () => {
        given.cancel = "0.5.0";
        return { kind: "gone", reason: "404" };
      };
    });
    await unit.clock.advance(minutes(2));
    expect([owner.finalsOf("0.5.0"), downloads.asked.length]).toEqual([["canceled"], 1]);
    await unit.stop();
  });
});
