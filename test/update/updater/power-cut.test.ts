/** The power is cut at every operation on the disk, from the assignment to the last word about it. */
import { describe, expect, it } from "vitest";
import { hours, minutes } from "../../../src/base/units.ts";
import { imageOf } from "../fixtures.ts";
import type { CutDisk, CutMode } from "../slots/cut-disk.ts";
import { OwnerSystem } from "./scripted-source.ts";
import { type Health, ScriptedDownloads, Unit } from "./unit.ts";

const id = "0.6.0";

/** A unit that runs release 5, on a disk of its own, and an owner who assigns release 6. */
async function scene(health: Health) {
  const owner = new OwnerSystem();
  owner.retryAfterMs = minutes(5);
  const downloads = new ScriptedDownloads();
  for (const counter of [5, 6]) downloads.images.set(`https://host.example/0.${counter}.0`, imageOf(counter));
  const options = { sources: () => [owner.source], downloads, health };
  owner.assign("0.5.0", imageOf(5));
  const before = new Unit({ ...options, health: () => "good" });
  await before.boot();
  await before.clock.advance(hours(1));
  expect(before.runs).toBe("0.5.0");
  await before.stop();
  owner.assign(id, imageOf(6));
  return { owner, unit: new Unit({ ...options, disk: before.disk.afterCut("names-lost") }) };
}

async function operationsOf(health: Health): Promise<number> {
  const { unit } = await scene(health);
  await unit.boot();
  await unit.clock.advance(hours(2));
  await unit.stop();
  return unit.disk.operations;
}

const modes: readonly CutMode[] = ["names-lost", "names-kept"];
const cases: readonly { readonly ending: "confirmed" | "reverted"; readonly health: Health }[] = [
  { ending: "confirmed", health: () => "good" },
  { ending: "reverted", health: () => ({ revertedFor: "the relay did not follow" }) },
];

describe.each(cases)("a power cut at any operation of an update that is $ending", ({ ending, health }) => {
  it.each(modes)(
    "leaves one outcome, reported exactly once, and one release that runs (%s)",
    async (mode) => {
      const operations = await operationsOf(health);
      expect(operations).toBeGreaterThan(60);
      for (let cutAt = 0; cutAt <= operations; cutAt++) {
        const { owner, unit } = await scene(health);
        unit.disk.cutAt = cutAt;
        await unit.boot().catch(() => undefined);
        await unit.clock.advance(hours(2)).catch(() => undefined);
        const next = await unit.afterCut(mode);
        const floor = next.slots.counterFloor;
        await next.boot();
        await next.clock.advance(hours(3));
        expect({ cutAt, finals: owner.finalsOf(id) }).toEqual({ cutAt, finals: [ending] });
        expect({ cutAt, runs: next.runs }).toEqual({ cutAt, runs: ending === "confirmed" ? id : "0.5.0" });
        expect(next.slots.counterFloor).toBeGreaterThanOrEqual(floor);
        expect(next.slots.outcome?.reported).toBe(true);
        expect(next.updater.status).toMatchObject({ state: "idle", last: { result: ending } });
        await next.stop();
      }
    },
  );
});

describe("a damaged record", () => {
  it("is that of a new unit: the slots know what runs, and the next update works", async () => {
    const { owner, unit } = await scene(() => "good");
    await unit.boot();
    await unit.clock.advance(hours(1));
    await unit.stop();
    const disk: CutDisk = unit.disk;
    disk.spoil("/var/updater/update.json");
    owner.assign("0.7.0", imageOf(7));
    const next = new Unit({ ...unit.options, clock: unit.clock, disk });
    const downloads = next.options.downloads as ScriptedDownloads;
    downloads.images.set("https://host.example/0.7.0", imageOf(7));
    await next.boot();
    await next.clock.advance(hours(1));
    expect([next.runs, owner.finalsOf("0.7.0")]).toEqual(["0.7.0", ["confirmed"]]);
    await next.stop();
  });
});
