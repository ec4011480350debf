/** The slots on a disk that may lose its power at any operation. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compareVersions } from "../../../src/base/version.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { ImageRefused } from "../../../src/update/image/refusal.ts";
import { systemSlotFiles } from "../../../src/update/slots/slot-files.ts";
import { SlotStore } from "../../../src/update/slots/slot-store.ts";
import {
  confirmed,
  nextStart,
  onTrial,
  outcomeReported,
  reverted,
  type SlotName,
  type SlotsState,
  type StartTarget,
} from "../../../src/update/slots/slots.ts";
import { imageOf, stream, thisDevice, trusted } from "../fixtures.ts";
import { CutDisk, type CutMode, PowerCut } from "./cut-disk.ts";

const folder = "/var/firmware";

/** What the launcher and the updater do with the slots of one device. */
class Unit {
  readonly disk: CutDisk;
  readonly store: SlotStore;

  constructor(disk = new CutDisk()) {
    this.disk = disk;
    this.store = new SlotStore(disk.files, folder);
  }

  get state(): SlotsState {
    return this.store.read();
  }

  /** Downloads and installs a release, and puts it on trial. */
  async update(counter: number): Promise<void> {
    const { slot } = await this.store.install(stream(imageOf(counter)), trusted, thisDevice);
    await this.store.change((state) => onTrial(state, slot));
  }

  async start(factoryVersion = "0.0.1"): Promise<StartTarget> {
    let target: StartTarget = "factory";
    await this.store.change(async (state) => {
      const next = await nextStart(state, {
        problemOf: (slot) => this.problemOf(slot),
        isFactoryNewer: ({ version }) => compareVersions(factoryVersion, version) > 0,
      });
      target = next.target;
      return next.state;
    });
    return target;
  }

  async problemOf(slot: SlotName): Promise<string | undefined> {
    return await this.store.verify(slot, trusted).then(
      () => undefined,
      (error: ImageRefused) => `its files are damaged: ${error.message}`,
    );
  }

  async confirm(): Promise<void> {
    await this.store.change((state) => confirmed(state));
  }

  async revert(reason: string): Promise<void> {
    await this.store.change((state) => reverted(state, reason));
  }

  /** A unit that runs release 5 from slot a. */
  static async running5(): Promise<Unit> {
    const unit = new Unit();
    await unit.update(5);
    expect(await unit.start()).toBe("a");
    await unit.confirm();
    await unit.store.change(outcomeReported);
    return unit;
  }
}

async function refusal(unit: Unit, image: Buffer): Promise<string> {
  const error = await unit.store.install(stream(image), trusted, thisDevice).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof ImageRefused ? error.code : `not refused: ${String(error)}`;
}

describe("the slots", () => {
  it("start the installed firmware as long as there is no image", async () => {
    expect(await new Unit().start()).toBe("factory");
  });

  it("try a new image, and keep it once it is confirmed", async () => {
    const unit = await Unit.running5();
    expect(unit.state).toMatchObject({ active: "a", trial: null, counterFloor: 5 });
    await unit.update(6);
    expect(await unit.start()).toBe("b");
    expect(unit.state).toMatchObject({ active: "a", trial: { slot: "b", startsLeft: 2 }, counterFloor: 5 });
    await unit.confirm();
    expect(unit.state).toMatchObject({ active: "b", trial: null, counterFloor: 6 });
    expect(unit.state.outcome).toMatchObject({
      result: "confirmed",
      image: { version: "0.6.0" },
      reported: false,
    });
    expect(await unit.start()).toBe("b");
    await unit.update(7);
    expect(await unit.start()).toBe("a");
  });

  it("go back after three starts that confirmed nothing, and never try that image again", async () => {
    const unit = await Unit.running5();
    await unit.update(6);
    for (let start = 0; start < 3; start++) expect(await unit.start()).toBe("b");
    expect(await unit.start()).toBe("a");
    expect(unit.state).toMatchObject({ active: "a", trial: null, counterFloor: 5 });
    expect(unit.state.outcome?.reason).toContain("did not prove its health in 3 starts");
    expect(await refusal(unit, imageOf(6))).toBe("known-bad");
    expect(await unit.start()).toBe("a");
  });

  it("go back at once when the launcher says so", async () => {
    const unit = await Unit.running5();
    await unit.update(6);
    await unit.start();
    await unit.revert("it was silent for 10 s");
    expect(await unit.start()).toBe("a");
    expect(unit.state.outcome).toMatchObject({
      result: "reverted",
      reason: "it was silent for 10 s",
      reported: false,
    });
  });

  it("go back when the files of a trial are damaged", async () => {
    const unit = await Unit.running5();
    await unit.update(6);
    unit.disk.spoil(`${folder}/b/dist/loop.js`);
    expect(await unit.start()).toBe("a");
    expect(unit.state.outcome?.reason).toContain("damaged");
  });

  it("start the other slot when the confirmed one is damaged, if it is not older than what was confirmed", async () => {
    const unit = await Unit.running5();
    await unit.update(6);
    await unit.start();
    await unit.confirm();
    unit.disk.spoil(`${folder}/b/dist/loop.js`);
    expect(await unit.start(), "release 5 is below the floor of 6").toBe("factory");
    const same = await Unit.running5();
    await same.store.install(stream(imageOf(6)), trusted, thisDevice);
    same.disk.spoil(`${folder}/a/dist/loop.js`);
    expect(await same.start()).toBe("b");
  });

  it("start the installed firmware when both are damaged, and keep the record for the owner", async () => {
    const unit = await Unit.running5();
    unit.disk.spoil(`${folder}/a.image`);
    expect(await unit.start()).toBe("factory");
    expect(unit.state.slots.a).toMatchObject({ version: "0.5.0" });
  });

  it("give way to a firmware that its owner installed by hand and that is newer", async () => {
    const unit = await Unit.running5();
    expect(await unit.start("0.4.9")).toBe("a");
    expect(await unit.start("0.5.0")).toBe("a");
    expect(await unit.start("0.6.0")).toBe("factory");
  });

  it("do not take a slot with another image than the record's", async () => {
    const unit = await Unit.running5();
    const other = new Unit();
    await other.update(9);
    const { slots } = unit.state;
    await other.store.change((state) => ({ ...state, trial: null, active: "a", slots }));
    expect(await other.start()).toBe("factory");
  });

  it("survive a damaged record by its copy, with the same floor", async () => {
    const unit = await Unit.running5();
    unit.disk.spoil(`${folder}/slots.json`);
    expect(unit.state).toMatchObject({ active: "a", counterFloor: 5 });
    await unit.start();
    unit.disk.spoil(`${folder}/slots.copy.json`);
    expect(unit.state).toMatchObject({ active: "a", counterFloor: 5 });
    unit.disk.spoil(`${folder}/slots.json`);
    expect(await unit.start()).toBe("factory");
  });

  it.each([
    ["downgrade", imageOf(4)],
    ["downgrade", imageOf(5, { version: "0.5.1" })],
    ["other-product", imageOf(6, { product: "kettle" })],
    ["wrong-node", imageOf(6, { node: { min: "22.0.0", below: "25.0.0" } })],
    ["wrong-node", imageOf(6, { native: { platform: "linux", architecture: "arm64", abi: 127 } })],
    ["wrong-architecture", imageOf(6, { native: { platform: "linux", architecture: "x64", abi: null } })],
    ["wrong-state", imageOf(6, { state: { reads: 2, writes: 3 } })],
    ["wrong-protocol", imageOf(6, { protocol: 2 })],
  ])("refuse an image with the code %s, and what runs stays", async (code, image) => {
    const unit = await Unit.running5();
    expect(await refusal(unit, image)).toBe(code);
    expect(unit.state).toMatchObject({ active: "a", trial: null, slots: { b: null } });
    expect(await unit.start()).toBe("a");
  });

  it("keep the release before, or an update that waits, while a refused image is offered", async () => {
    const unit = await Unit.running5();
    await unit.store.install(stream(imageOf(6)), trusted, thisDevice);
    const before = unit.state;
    const forged = imageOf(9);
    forged.writeUInt8(forged.readUInt8(200) ^ 1, 200);
    const offered: readonly [Buffer, string][] = [
      [Buffer.from("<!doctype html>\n<p>Please log in</p>"), "not-an-image"],
      [Buffer.alloc(0), "not-an-image"],
      [imageOf(9).subarray(0, 300), "wrong-length"],
      [forged, "bad-signature"],
      [imageOf(9, { product: "toaster" }), "other-product"],
      [imageOf(4), "downgrade"],
    ];
    for (const [image, code] of offered) {
      expect([await refusal(unit, image), code]).toEqual([code, code]);
      expect(unit.state).toEqual(before);
      expect(await unit.problemOf("b")).toBeUndefined();
    }
  });

  it("take no other image while one is on trial: what it would go back to stays", async () => {
    const unit = await Unit.running5();
    await unit.update(6);
    expect(await refusal(unit, imageOf(7))).toBe("on-trial");
    await unit.start();
    expect(await refusal(unit, imageOf(7))).toBe("on-trial");
    await unit.revert("it failed");
    expect(await unit.start()).toBe("a");
  });

  it("take the image of the confirmed counter again when it is the same", async () => {
    const unit = await Unit.running5();
    await expect(unit.store.install(stream(imageOf(5)), trusted, thisDevice)).resolves.toMatchObject({
      slot: "b",
    });
  });
});

describe.each(["names-lost", "names-kept"] satisfies CutMode[])(
  "a power cut at any operation (%s)",
  (mode) => {
    /** Runs `work` on copies of a unit, cut at each operation in turn; hands every outcome to `check`. */
    async function atEveryCut(
      prepare: () => Promise<Unit>,
      work: (unit: Unit) => Promise<unknown>,
      check: (after: Unit, operation: number) => Promise<void>,
    ): Promise<number> {
      for (let operation = 0; ; operation++) {
        const unit = await prepare();
        unit.disk.cutAt = unit.disk.operations + operation;
        const whole = await work(unit).then(
          () => true,
          (error: unknown) => {
            if (!(error instanceof PowerCut)) throw error;
            return false;
          },
        );
        await check(new Unit(unit.disk.afterCut(mode)), operation);
        if (whole) return operation;
      }
    }

    it("during an installation leaves what ran before, or the whole new image on trial", async () => {
      const cuts = await atEveryCut(
        Unit.running5,
        (unit) => unit.update(6),
        async (after, operation) => {
          const target = await after.start();
          const { trial, counterFloor } = after.state;
          expect(target, `operation ${operation}`).toBe(trial === null ? "a" : "b");
          expect(counterFloor).toBe(5);
          await after.confirm();
          await after.update(7);
          expect(await after.start(), "a later update").toBe(target === "a" ? "b" : "a");
        },
      );
      expect(cuts).toBeGreaterThan(30);
    });

    const onTrial6 = async (): Promise<Unit> => {
      const unit = await Unit.running5();
      await unit.update(6);
      return unit;
    };

    it("during a trial's start never gives a start away", async () => {
      await atEveryCut(
        onTrial6,
        (unit) => unit.start(),
        async (after) => {
          let starts = 0;
          while ((await after.start()) === "b") starts++;
          expect(starts).toBeLessThanOrEqual(3);
          expect(after.state).toMatchObject({
            active: "a",
            counterFloor: 5,
            outcome: { result: "reverted" },
          });
        },
      );
    });

    it("during a confirmation leaves a trial that can be confirmed, or a confirmed image, and reports it once", async () => {
      const started = async (): Promise<Unit> => {
        const unit = await onTrial6();
        await unit.start();
        return unit;
      };
      await atEveryCut(
        started,
        (unit) => unit.confirm(),
        async (after) => {
          expect(await after.start()).toBe("b");
          await after.confirm();
          expect(after.state).toMatchObject({ active: "b", trial: null, counterFloor: 6 });
          expect(after.state.outcome).toMatchObject({ result: "confirmed", reported: false });
        },
      );
    });

    it("during a revert leaves the confirmed image, and the bad one is not taken again", async () => {
      const failing = async (): Promise<Unit> => {
        const unit = await onTrial6();
        for (let start = 0; start < 3; start++) await unit.start();
        return unit;
      };
      await atEveryCut(
        failing,
        (unit) => unit.start(),
        async (after) => {
          expect(await after.start()).toBe("a");
          expect(after.state).toMatchObject({ active: "a", trial: null, counterFloor: 5 });
          expect(await refusal(after, imageOf(6))).toBe("known-bad");
        },
      );
    });
  },
);

describe("the slots on a real file system", () => {
  it("hold an installed program, take the next one, and notice a changed file", async () => {
    const real = mkdtempSync(join(tmpdir(), "slots-"));
    try {
      const store = new SlotStore(systemSlotFiles(systemClock), join(real, "firmware"));
      const first = await store.install(stream(imageOf(1)), trusted, thisDevice);
      await store.change((state) => confirmed(onTrial(state, first.slot)));
      expect(readFileSync(join(store.programIn("a"), "dist/loop.js"), "utf8")).toBe("// 1\nheat();\n");
      await store.install(stream(imageOf(2)), trusted, thisDevice);
      await store.install(stream(imageOf(3)), trusted, thisDevice);
      expect((await store.verify("a", trusted)).counter).toBe(1);
      expect((await store.verify("b", trusted)).counter).toBe(3);
      expect(readFileSync(join(store.programIn("b"), "dist/loop.js"), "utf8")).toBe("// 3\nheat();\n");
      writeFileSync(join(store.programIn("b"), "dist/loop.js"), "// 3\nburn();\n");
      await expect(store.verify("b", trusted)).rejects.toMatchObject({ code: "wrong-content" });
      await expect(store.verify("a", [])).rejects.toMatchObject({ code: "unknown-key" });
    } finally {
      rmSync(real, { recursive: true });
    }
  });
});
