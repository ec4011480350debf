/** The hub as the judge of its feed's roll-outs: units that fail stop an image, for as long as a person says nothing. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { seconds } from "../../../src/base/units.ts";
import { FeedRollOuts, rollOutsFile } from "../../../src/firmware/hub-process/roll-outs.ts";
import type { FirmwareView } from "../../../src/hub/page-server/api.ts";
import type { RollOutGroup } from "../../../src/hub/page-server/api-roll-outs.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { readHold } from "../../../src/update/feed/hold.ts";
import { shortDigest } from "../../../src/update/feed/rollout.ts";
import { firmware } from "../../browser/fake-device.ts";
import { temporaryFolder } from "../../hub/running-hub.ts";
import { channelOf, imageEntry, signedBy } from "../../update/feed/unit.ts";

const [home, office] = ["default/home", "default/office"];
const running = (counter: number): Partial<FirmwareView> => ({
  installed: `0.${counter}.0`,
  image: shortDigest(imageEntry(counter).digest),
});
const reverted = (counter: number): Partial<FirmwareView> => ({
  lastResult: "reverted",
  lastVersion: `0.${counter}.0`,
  lastReason: "it hung",
  lastImage: shortDigest(imageEntry(counter).digest),
});

async function rig() {
  const folder = await temporaryFolder();
  const feedPath = join(folder, "feed");
  mkdirSync(feedPath);
  const clock = new VirtualClock();
  /** Twenty units in the two groups, five percent apart. */
  const units: FirmwareView[] = Array.from({ length: 20 }, (_, at) => ({
    ...firmware,
    group: at % 2 === 0 ? home : office,
    place: at * 5,
  }));
  const told: RollOutGroup[][] = [];
  const logged: string[] = [];
  const keep = (event: string) => void logged.push(event);
  const opened: FeedRollOuts[] = [];
  // Before the folder is removed, so that no write is under way then: the last hook runs first.
  onTestFinished(async () => void (await Promise.all(opened.map((each) => each.close()))));
  const open = () => {
    const rollOuts = new FeedRollOuts({
      feedPath,
      folder,
      units: () => units,
      onChange: (groups) => void told.push([...groups]),
      clock,
      log: { ...silentLog, warn: keep, error: keep },
    });
    opened.push(rollOuts);
    return rollOuts;
  };
  let version = 0;
  const publish = (counter: number, percent: number, stopAt?: number) => {
    version += 1;
    const image = imageEntry(counter);
    const stop = stopAt === undefined ? {} : { stopAt };
    const groups = { home: { image, percent, ...stop }, office: { image: imageEntry(1), percent: 100 } };
    writeFileSync(join(feedPath, "channel"), signedBy(channelOf(version, { groups })));
  };
  const report = (at: number, ...changes: Partial<FirmwareView>[]) => {
    units[at] = Object.assign({}, units[at], ...changes) as FirmwareView;
  };
  return { folder, feedPath, clock, units, told, logged, open, publish, report };
}

const heldBy = (rollOuts: FeedRollOuts) => readHold(Buffer.from(rollOuts.hold()));
const stageOf = (rollOuts: FeedRollOuts, name = home) =>
  rollOuts.groups().find((group) => group.name === name);

describe("roll-outs of the hub's feed", () => {
  it("grow by stages, and say how far they are", async () => {
    const { open, publish, report } = await rig();
    const rollOuts = open();
    expect([rollOuts.groups(), heldBy(rollOuts)]).toEqual([[], []]);
    publish(2, 25);
    report(0, running(2));
    report(2, running(2), { state: "on-trial" });
    expect(stageOf(rollOuts)).toEqual({
      ...{ name: home, version: "0.2.0", percent: 25, stopAt: 20 },
      ...{ units: 10, included: 3, confirmed: 1, failed: 0, stopped: null },
    });
    publish(2, 100);
    expect(stageOf(rollOuts)).toMatchObject({ percent: 100, included: 10 });
    expect(heldBy(rollOuts)).toEqual([]);
  });

  it("stop at the owner's threshold, for their group alone, and units hear why", async () => {
    const { open, publish, report } = await rig();
    publish(2, 100, 30);
    const rollOuts = open();
    report(0, reverted(2));
    report(2, reverted(2), { lastResult: "refused" });
    expect(heldBy(rollOuts)).toEqual([]);
    report(4, reverted(2));
    const reason = expect.stringContaining("3 of 10 units reverted or refused it");
    expect(heldBy(rollOuts)).toEqual([{ group: "home", image: imageEntry(2).digest, reason }]);
    expect(stageOf(rollOuts)).toMatchObject({ failed: 3, stopped: { reason } });
    expect(stageOf(rollOuts, office)).toMatchObject({ failed: 0, stopped: null });
  });

  it("stay stopped when failed units leave, over a restart, and end with another image", async () => {
    const { open, publish, report, units } = await rig();
    publish(2, 10);
    const first = open();
    report(0, reverted(2));
    expect(stageOf(first)?.stopped).not.toBeNull();
    await first.close();
    units.splice(0, 20);
    const second = open();
    expect(heldBy(second)).toHaveLength(1);
    publish(2, 100);
    expect(stageOf(second)).toMatchObject({
      failed: 0,
      stopped: { reason: expect.stringContaining("1 of 1") },
    });
    publish(3, 100);
    expect([heldBy(second), stageOf(second)?.stopped]).toEqual([[], null]);
    await second.close();
  });

  it("go on when a person says so, until one more unit fails", async () => {
    const { open, publish, report, logged } = await rig();
    publish(2, 100, 10);
    const rollOuts = open();
    report(0, reverted(2));
    expect(stageOf(rollOuts)?.stopped).not.toBeNull();
    expect(rollOuts.set(home, "resume")).toBe(true);
    expect([heldBy(rollOuts), stageOf(rollOuts)?.stopped]).toEqual([[], null]);
    report(2, reverted(2));
    expect(heldBy(rollOuts)).toHaveLength(1);
    expect(logged).toEqual(["roll-out-stopped", "roll-out-resumed", "roll-out-stopped"]);
  });

  it("stop by a person's hand as well; a group that is not there is said", async () => {
    const { open, publish } = await rig();
    publish(2, 100);
    const rollOuts = open();
    expect([rollOuts.set("default/attic", "stop"), rollOuts.set(office, "stop")]).toEqual([false, true]);
    expect(heldBy(rollOuts)).toMatchObject([
      { group: "office", reason: expect.stringContaining("a person") },
    ]);
  });

  it("tell the page within a second of a report, once for each change", async () => {
    const { open, publish, report, told, clock } = await rig();
    publish(2, 100);
    const rollOuts = open();
    report(0, reverted(2));
    report(2, reverted(2));
    for (let times = 0; times < 5; times += 1) rollOuts.unitChanged();
    await clock.advance(seconds(1));
    expect(told.map((groups) => groups[0]?.stopped === null)).toEqual([false]);
    rollOuts.unitChanged();
    await clock.advance(seconds(1));
    expect(told).toHaveLength(1);
  });

  it("hold in memory what cannot be stored, and take damage for a new start; a channel that is none stops nothing", async () => {
    const { folder, feedPath, open, publish, report, logged } = await rig();
    publish(2, 100);
    mkdirSync(join(folder, `${rollOutsFile}.new`));
    mkdirSync(join(folder, rollOutsFile));
    const rollOuts = open();
    report(0, reverted(2));
    report(2, reverted(2));
    expect(heldBy(rollOuts)).toHaveLength(1);
    await rollOuts.close();
    expect(heldBy(rollOuts)).toHaveLength(1);
    expect(logged).toContain("roll-outs-unreadable");
    rmSync(join(folder, rollOutsFile), { recursive: true });
    writeFileSync(join(folder, rollOutsFile), '{"decisions":[{"name":7}]}');
    expect(heldBy(open())).toHaveLength(1);
    writeFileSync(join(feedPath, "channel"), "<html>");
    expect([open().groups(), heldBy(open())]).toEqual([[], []]);
  });
});
