/** Each way in which the trial of an update ends, through the guardian that starts it. */
import { describe, expect, it } from "vitest";
import { millis, minutes, seconds } from "../../../src/base/units.ts";
import { SlotStore } from "../../../src/update/slots/slot-store.ts";
import { imageOf, stream, thisDevice, trusted } from "../../update/fixtures.ts";
import { CutDisk, type CutMode } from "../../update/slots/cut-disk.ts";
import { type Behaviour, diskWith5And6, folder, good, LaunchedUnit, well } from "./launched-unit.ts";

const throwsAtImport: Behaviour = (loop) => loop.exit(1);
const hangsAtImport: Behaviour = (loop) => {
  loop.blocked = true;
};
const blocksAfter20s: Behaviour = (loop) => {
  loop.say({ kind: "hello", protocol: 1 });
  loop.say(well);
  for (let second = 1; second <= 20; second += 1)
    loop.after(seconds(second), () => loop.say({ kind: "beat", heaterOn: true }));
  loop.after(seconds(20), () => {
    loop.blocked = true;
  });
};
const crashesAfter30s: Behaviour = (loop) => {
  good(loop);
  loop.after(seconds(30), () => loop.exit(null, "SIGSEGV"));
};
const hasNoSensor: Behaviour = (loop) => {
  loop.say({ kind: "hello", protocol: 1 });
  loop.say({ ...well, sensor: false });
  loop.everySecond(() => loop.say({ kind: "beat", heaterOn: false }));
};
const diesWithTheRelayOn: Behaviour = (loop) => {
  loop.say({ kind: "hello", protocol: 1 });
  loop.after(seconds(3), () => loop.say({ kind: "beat", heaterOn: true }));
  loop.after(seconds(4), () => loop.exit(null, "SIGKILL"));
};
const endsWith =
  (code: number): Behaviour =>
  (loop) =>
    loop.exit(code);
const speaksAnotherProtocol: Behaviour = (loop) => {
  loop.say({ kind: "hello", protocol: 9 });
  loop.everySecond(() => loop.say({ kind: "beat", heaterOn: false }));
};

const update = async (six: Behaviour, disk?: CutDisk): Promise<LaunchedUnit> =>
  await new LaunchedUnit(disk ?? (await diskWith5And6()), { 6: six }).start();

describe("an update that works", () => {
  it("runs on trial first, is confirmed after a minute of health, and only then raises the floor", async () => {
    const unit = await update(good);
    expect(unit.running.note).toMatchObject({
      program: "b",
      release: "0.6.0",
      trial: true,
      readable: { reads: 1, writes: 1 },
    });
    await unit.pass(seconds(55));
    expect(unit.state).toMatchObject({ active: "a", counterFloor: 5, trial: { slot: "b", startsLeft: 2 } });
    await unit.pass(seconds(10));
    expect(unit.state).toMatchObject({ active: "b", counterFloor: 6, trial: null });
    expect(unit.state.outcome).toMatchObject({ result: "confirmed", reported: false });
    expect(unit.running.heard).toEqual([{ kind: "update-confirmed" }]);
    expect(unit.starts).toEqual([6]);
  });

  it("starts when the loop asks for it, the relay off, and not before", async () => {
    const unit = new LaunchedUnit(await diskWith5And6(false), {});
    await unit.start();
    await unit.pass(minutes(10));
    expect(unit.starts).toEqual([5]);
    const digest = unit.state.slots.b?.digest ?? "";
    unit.running.say({ kind: "beat", heaterOn: true });
    unit.running.say({ kind: "replace-loop", slot: "b", digest });
    expect(unit.relay).toBe(false);
    await unit.pass(seconds(70));
    expect(unit.starts).toEqual([5, 6]);
    expect(unit.relayOnAtStart).toEqual([]);
    expect(unit.state).toMatchObject({ active: "b", counterFloor: 6 });
  });

  it("does not start when the slot holds another image by then", async () => {
    const unit = new LaunchedUnit(await diskWith5And6(false), {});
    await unit.start();
    unit.running.say({ kind: "replace-loop", slot: "b", digest: "0".repeat(64) });
    await unit.pass(seconds(2));
    expect(unit.starts).toEqual([5, 5]);
    expect(unit.state.trial).toBeNull();
  });
});

describe("an update of a unit whose sensor is broken", () => {
  const asksForSix =
    (sensorFails: boolean): Behaviour =>
    (loop) => {
      hasNoSensor(loop);
      const [slot, digest] = ["b", digestOf6] as const;
      loop.after(seconds(90), () => loop.say({ kind: "replace-loop", slot, digest, sensorFails }));
    };
  let digestOf6 = "";
  const updated = async (sensorFails: boolean) => {
    const disk = await diskWith5And6(false);
    digestOf6 = new SlotStore(disk.files, folder).read().slots.b?.digest ?? "";
    const unit = await new LaunchedUnit(disk, { 5: asksForSix(sensorFails), 6: hasNoSensor }).start();
    await unit.pass(seconds(90 + 70));
    return unit;
  };

  it("is confirmed on its other checks, when the loop before it said that the sensor fails", async () => {
    const { state, log } = await updated(true);
    expect(state).toMatchObject({ active: "b", counterFloor: 6, trial: null, failed: [] });
    expect(log).toContain("update-without-sensor");
  });

  it("stays on trial, and is reverted in the end, when nobody said so", async () => {
    const unit = await updated(false);
    expect(unit.state).toMatchObject({ active: "a", trial: { slot: "b" } });
    await unit.pass(minutes(3));
    expect(unit.state.outcome?.reason).toContain("no good reading of the sensor");
  });
});

describe("an update that does not work", () => {
  it.each<[string, Behaviour, string]>([
    ["throws at import", throwsAtImport, "in 3 starts; the last one: exit code 1"],
    ["hangs at import", hangsAtImport, "it made no step"],
    ["hangs after 20 s", blocksAfter20s, "in 3 starts; the last one: silent for too long"],
    ["crashes after 30 s", crashesAfter30s, "in 3 starts; the last one: signal SIGSEGV"],
    ["never confirms, because it gets no reading", hasNoSensor, "no good reading of the sensor"],
    ["dies with the relay on", diesWithTheRelayOn, "in 3 starts; the last one: signal SIGKILL"],
    ["ends with 0 at once", endsWith(0), "in 3 starts; the last one: exit code 0"],
    ["ends with 78 at once", endsWith(78), "in 3 starts; the last one: exit code 78"],
    ["asks for a restart at once, again and again", endsWith(85), "in 3 starts; the last one: exit code 85"],
    ["speaks a protocol that the guardian does not know", speaksAnotherProtocol, "uses protocol 9"],
  ])(
    "%s: what ran before runs again, the relay off in between, and it is never tried again",
    async (_, six, why) => {
      const unit = await update(six);
      await unit.pass(minutes(5));
      const { starts } = unit;
      expect(starts.at(-1)).toBe(5);
      expect(starts.filter((counter) => counter === 6).length).toBeLessThanOrEqual(3);
      expect(starts.indexOf(5), "once it is back it stays").toBe(starts.length - 1);
      expect(unit.relayOnAtStart).toEqual([]);
      expect(unit.exitCode).toBeUndefined();
      expect(unit.running.ended).toBe(false);
      expect(unit.state).toMatchObject({ active: "a", trial: null, counterFloor: 5 });
      expect(unit.state.outcome).toMatchObject({
        result: "reverted",
        reported: false,
        image: { counter: 6 },
      });
      expect(unit.state.outcome?.reason).toContain(why);
      await expect(unit.store.install(stream(imageOf(6)), trusted, thisDevice)).rejects.toMatchObject({
        code: "known-bad",
      });
    },
  );

  it("stores state that the one before cannot read: reverted with that reason", async () => {
    const unit = await update(good);
    unit.storedVersion = 2;
    await unit.pass(minutes(4));
    expect(unit.state.outcome?.reason).toBe(
      "it stored state of version 2, but the previous firmware reads 1 to 1",
    );
  });

  it("takes the whole machine down each time: its starts are counted before they happen", async () => {
    const disk = await diskWith5And6();
    for (let boot = 0; boot < 3; boot += 1) {
      const unit = await new LaunchedUnit(disk, {}).start();
      expect(unit.starts).toEqual([6]);
    }
    const unit = await new LaunchedUnit(disk, {}).start();
    expect(unit.starts).toEqual([5]);
    expect(unit.state.outcome?.reason).toBe("it did not prove its health in 3 starts");
  });

  it("has a loop that is older than its guardian and says nothing of updates: it cannot be confirmed", async () => {
    const unit = await update((loop) => loop.everySecond(() => loop.say({ kind: "beat", heaterOn: false })));
    await unit.pass(minutes(4));
    expect(unit.state.outcome?.reason).toBe("it did not send its protocol version");
  });
});

describe("a unit whose slots cannot be used", () => {
  it("both damaged: heats with the firmware of the installation, and the loop is told why", async () => {
    const disk = await diskWith5And6();
    for (const slot of ["a", "b"]) disk.spoil(`${folder}/${slot}/dist/loop.js`);
    const unit = await new LaunchedUnit(disk, {}).start();
    expect(unit.starts).toEqual([0]);
    expect(unit.running.note?.unusable).toMatch(/^slot a: .*dist\/loop\.js/);
    expect(unit.state).toMatchObject({ active: "a", trial: null, outcome: { result: "reverted" } });
    await unit.pass(minutes(10));
    expect(unit.running.ended).toBe(false);
  });

  it("the confirmed one takes no step in five starts: the firmware of the installation takes over, and stays", async () => {
    const unit = new LaunchedUnit(await diskWith5And6(false), { 5: throwsAtImport });
    await unit.start();
    await unit.pass(minutes(2));
    expect(unit.starts).toEqual([5, 5, 5, 5, 5, 0]);
    expect(unit.running.note?.unusable).toContain("took no step in 5 starts (exit code 1)");
    unit.running.exit(null, "SIGKILL");
    await unit.pass(minutes(2));
    expect(unit.starts).toEqual([5, 5, 5, 5, 5, 0, 0]);
    expect(unit.relayOnAtStart).toEqual([]);
  });

  it("and a newer update helps it out of that", async () => {
    const unit = new LaunchedUnit(await diskWith5And6(false), { 5: throwsAtImport });
    await unit.start();
    await unit.pass(minutes(2));
    unit.running.say({ kind: "replace-loop", slot: "b", digest: unit.state.slots.b?.digest ?? "" });
    await unit.pass(minutes(2));
    expect(unit.starts.at(-1)).toBe(6);
    expect(unit.state).toMatchObject({ active: "b", trial: null });
  });

  it("a disk that takes nothing: no trial starts, because its start could not be counted; the confirmed one does", async () => {
    const disk = await diskWith5And6();
    disk.cutAt = disk.operations;
    const unit = await new LaunchedUnit(disk, {}).start();
    expect(unit.starts).toEqual([5]);
    await unit.pass(minutes(10));
    expect(unit.starts).toEqual([5]);
    expect(unit.log).toContain("slots-not-written");
  });

  it("a card that never answers: heats with the firmware of the installation after three minutes", async () => {
    const disk = await diskWith5And6(false);
    const chunks = (): AsyncIterable<Uint8Array> => ({
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
    });
    Object.assign(disk.files, { chunks });
    const unit = await new LaunchedUnit(disk, {}).start();
    await unit.pass(millis(179_000));
    expect(unit.loops).toEqual([]);
    await unit.pass(seconds(2));
    expect(unit.starts).toEqual([0]);
    expect(unit.running.note?.unusable).toContain("could not be read in 3 minutes");
  });

  it("a firmware that its owner installs by hand, and that is newer, runs instead", async () => {
    const unit = await new LaunchedUnit(await diskWith5And6(false), {}, "0.5.1").start();
    expect(unit.starts).toEqual([0]);
    expect(unit.running.note?.unusable).toBeUndefined();
    expect(unit.state.counterFloor).toBe(5);
  });

  it("slots that hold nothing: the firmware of the installation", async () => {
    const unit = await new LaunchedUnit(new CutDisk(), {}).start();
    expect(unit.starts).toEqual([0]);
    expect(unit.running.note).toMatchObject({ program: "factory", trial: false });
  });
});

describe("a person", () => {
  it("who applied an update while nothing ran has it tried at the next start, once", async () => {
    const unit = new LaunchedUnit(await diskWith5And6(false), {});
    unit.request = { kind: "start", slot: "b", digest: unit.state.slots.b?.digest ?? "", now: false };
    await unit.start();
    expect(unit.starts).toEqual([6]);
    expect(unit.request).toBeUndefined();
  });

  it("who gives up the confirmed update gets the one before, and that one is not installed again", async () => {
    const unit = await update(good);
    await unit.pass(minutes(2));
    const digest = unit.state.slots.b?.digest ?? "";
    unit.request = { kind: "revert", digest };
    unit.running.say({ kind: "replace-loop" });
    await unit.pass(seconds(2));
    expect(unit.starts).toEqual([6, 5]);
    expect(unit.state).toMatchObject({ active: "a", counterFloor: 6 });
    expect(unit.state.outcome).toMatchObject({ result: "reverted", reason: "a person asked for it" });
    // A power cut before its file was removed.
    unit.request = { kind: "revert", digest };
    unit.running.say({ kind: "replace-loop" });
    await unit.pass(seconds(2));
    expect(unit.starts).toEqual([6, 5, 5]);
    expect(unit.state.active).toBe("a");
  });

  it("who gives up the only update gets the firmware of the installation", async () => {
    const disk = new CutDisk();
    const store = new SlotStore(disk.files, folder);
    const { slot, image } = await store.install(stream(imageOf(5)), trusted, thisDevice);
    const unit = new LaunchedUnit(disk, {});
    unit.request = { kind: "start", slot, digest: image.digest, now: false };
    await unit.start();
    await unit.pass(minutes(2));
    unit.request = { kind: "revert", digest: image.digest };
    unit.running.say({ kind: "replace-loop" });
    await unit.pass(seconds(2));
    expect(unit.starts).toEqual([5, 0]);
  });

  it("who gives up an update on trial ends the trial", async () => {
    const unit = await update(good);
    unit.request = { kind: "revert", digest: unit.state.slots.b?.digest ?? "" };
    unit.running.say({ kind: "replace-loop" });
    await unit.pass(seconds(2));
    expect(unit.starts).toEqual([6, 5]);
    expect(unit.state).toMatchObject({ active: "a", trial: null, counterFloor: 5 });
  });
});

describe.each(["names-lost", "names-kept"] satisfies CutMode[])(
  "the power is cut at any operation (%s)",
  (mode) => {
    /** Lives through `life`, cut at each operation in turn; then the power comes back, and what is then is looked at. */
    async function atEveryCut(
      six: Behaviour,
      time: number,
      check: (after: LaunchedUnit, operation: number) => Promise<void>,
    ): Promise<number> {
      for (let operation = 0; ; operation += 1) {
        const disk = await diskWith5And6();
        disk.cutAt = disk.operations + operation;
        const unit = await new LaunchedUnit(disk, { 6: six }).start();
        await unit.pass(millis(time));
        expect(unit.relayOnAtStart, `operation ${operation}`).toEqual([]);
        // Without a power cut this is a disk that takes nothing any more: heat goes on.
        expect(unit.running.ended, `operation ${operation}`).toBe(false);
        const after = new LaunchedUnit(disk.afterCut(mode), { 6: six });
        expect(after.state.counterFloor).toBeGreaterThanOrEqual(5);
        await check(await after.start(), operation);
        if (disk.operations < disk.cutAt) return operation;
      }
    }

    it("of a confirmation: a verified program starts, the update is confirmed in the end, and its outcome stands once", async () => {
      const cuts = await atEveryCut(good, 90_000, async (after, operation) => {
        expect(after.starts, `operation ${operation}`).toEqual([6]);
        await after.pass(seconds(90));
        expect(after.state).toMatchObject({ active: "b", trial: null, counterFloor: 6 });
        expect(after.state.outcome).toMatchObject({ result: "confirmed", reported: false });
      });
      expect(cuts).toBeGreaterThan(10);
    });

    it("of a revert: what ran before starts in the end, the floor stands, and the bad one is known", async () => {
      const cuts = await atEveryCut(throwsAtImport, 90_000, async (after, operation) => {
        await after.pass(minutes(4));
        expect(after.starts.at(-1), `operation ${operation}`).toBe(5);
        expect(after.starts.filter((counter) => counter === 6).length).toBeLessThanOrEqual(3);
        expect(after.relayOnAtStart).toEqual([]);
        expect(after.state).toMatchObject({ active: "a", trial: null, counterFloor: 5 });
        expect(after.state.outcome).toMatchObject({ result: "reverted", reported: false });
        expect(after.state.failed).toHaveLength(1);
      });
      expect(cuts).toBeGreaterThan(20);
    });

    it("of a revert at the deadline", async () => {
      await atEveryCut(hasNoSensor, 200_000, async (after) => {
        await after.pass(minutes(4));
        expect(after.starts.at(-1)).toBe(5);
        expect(after.state).toMatchObject({ active: "a", trial: null, counterFloor: 5 });
        expect(after.state.failed).toHaveLength(1);
      });
    });
  },
);
