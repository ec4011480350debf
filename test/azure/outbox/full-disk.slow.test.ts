/** The outbox on its real store on a real, small file system that others fill up: nothing is lost but what is counted. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { Outbox } from "../../../src/azure/outbox/outbox.ts";
import { segmentStore } from "../../../src/azure/outbox/segments/store.ts";
import type { OpenStore } from "../../../src/azure/outbox/store.ts";
import { type LogFields, silentLog } from "../../../src/base/log.ts";
import { millis, seconds, wallMillis } from "../../../src/base/units.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { FakeHub, range } from "./rig.ts";

/** Only root may mount one; the stage that runs as root shows it. */
const volume = mkdtempSync(join(tmpdir(), "grove-heater-full-"));
const mounted =
  process.platform === "linux" &&
  spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", volume]).status === 0;
afterAll(() => {
  if (mounted) spawnSync("umount", ["--lazy", volume]);
  rmSync(volume, { recursive: true, force: true });
});

/** Virtual time stands still while the real disk works. */
function held(open: OpenStore, clock: VirtualClock): OpenStore {
  return (effort) =>
    clock.holdDuring(
      open(effort).then(({ store, ...rest }) => ({
        ...rest,
        store: {
          read: (...args) => clock.holdDuring(store.read(...args)),
          readNote: () => clock.holdDuring(store.readNote()),
          write: (...args) => clock.holdDuring(store.write(...args)),
          close: () => clock.holdDuring(store.close()),
        },
      })),
    );
}

/** Somebody else's file, which leaves so many bytes. */
function leave(bytes: number): void {
  const filler = join(volume, "filler");
  rmSync(filler, { force: true });
  const { bavail, bsize } = statfsSync(volume);
  const excess = Math.max(0, bavail * bsize - bytes);
  try {
    writeFileSync(filler, Buffer.alloc(excess));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}

class Rig {
  readonly clock = new VirtualClock();
  readonly hub = new FakeHub(this.clock);
  readonly lines: { event: string; fields: LogFields | undefined }[] = [];
  /** One of its own: a test that failed leaves its lock behind. */
  readonly #folder = mkdtempSync(join(volume, "data-"));
  #starts = 0;
  outbox = this.#open();

  async restart(): Promise<void> {
    await this.clock.run(this.outbox.close());
    this.outbox = this.#open();
  }

  /** Without those that virtual time makes up: it may pass between two deeds of the real disk. */
  get failures() {
    return this.lines.filter(
      ({ event, fields }) => event === "outbox-store-failed" && fields?.["code"] !== "hangs",
    );
  }

  count(event: string): number {
    return this.lines.filter((line) => line.event === event).length;
  }

  #open(): Outbox {
    const write = (event: string, fields?: LogFields) => void this.lines.push({ event, fields });
    return Outbox.open({
      openStore: held(
        segmentStore(join(this.#folder, "outbox"), () => this.clock.wallNow()),
        this.clock,
      ),
      clock: this.clock,
      log: { ...silentLog, info: write, warn: write },
      boot: { id: "boot-1", clockZeroMs: millis(0) },
      runId: `run${++this.#starts}`,
      clockFloorMs: wallMillis(Date.UTC(2025, 0)),
      send: this.hub.send,
    });
  }
}

const emptied = (): void => {
  for (const name of readdirSync(volume)) rmSync(join(volume, name), { recursive: true });
};

describe.runIf(mounted)("a full disk under the outbox", { timeout: 240_000 }, () => {
  it("is said once in words, keeps no live message, and holds what comes until there is room", async () => {
    emptied();
    const rig = new Rig();
    for (const n of range(1, 50)) rig.outbox.append({ setPoint: n });
    await rig.clock.advance(seconds(5));
    leave(0);
    for (const n of range(51, 400)) {
      rig.outbox.append({ setPoint: n });
      await rig.clock.advance(seconds(60));
    }
    expect(rig.outbox.status.failure).toMatch(/No space left on device/);
    const said = rig.failures;
    expect(said, JSON.stringify(said)).toHaveLength(1);
    expect(said[0]?.fields?.["remedy"]).toContain("Free disk space");
    expect(rig.count("outbox-store-works-again")).toBe(0);
    leave(2_000_000);
    await rig.clock.advance(seconds(60));
    expect(rig.outbox.status.failure).toBeUndefined();
    await rig.restart();
    rig.outbox.setOnline(true);
    await rig.clock.advance(seconds(400));
    expect(rig.hub.firsts).toEqual(range(1, 400));
    expect(rig.outbox.status).toMatchObject({ waiting: 0, dropped: 0 });
    await rig.clock.run(rig.outbox.close());
  });

  it("that has a little room, but never enough, is not taken for one that works again", async () => {
    emptied();
    const rig = new Rig();
    await rig.clock.advance(seconds(5));
    leave(20_000);
    for (let minute = 0; minute < 60; minute++) {
      for (let n = 0; n < 100; n++) rig.outbox.append({ setPoint: n });
      await rig.clock.advance(seconds(60));
    }
    expect(rig.outbox.status.failure).toBeDefined();
    expect(rig.failures.length + rig.count("outbox-store-works-again")).toBeLessThan(10);
    await rig.clock.run(rig.outbox.close());
  });

  it("that stays so at the end costs what waits in memory, and that is said", async () => {
    emptied();
    const rig = new Rig();
    await rig.clock.advance(seconds(5));
    leave(0);
    for (const n of range(1, 2000)) rig.outbox.append({ setPoint: n });
    await rig.clock.advance(seconds(30));
    await rig.clock.run(rig.outbox.close());
    expect(rig.lines.at(-1)).toMatchObject({ event: "outbox-lost", fields: { messages: 2000 } });
  });

  it("at any moment, with restarts, loses nothing and moves nothing aside; what comes arrives in order", async () => {
    const step = fc.record({
      append: fc.integer({ min: 0, max: 60 }),
      space: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40_000 }), fc.constant(2_500_000)),
      waitS: fc.integer({ min: 0, max: 120 }),
      online: fc.boolean(),
      restart: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        emptied();
        const rig = new Rig();
        let appended = 0;
        for (const { append, space, waitS, online, restart } of steps) {
          leave(space);
          rig.outbox.setOnline(online);
          for (let n = 0; n < append; n++) rig.outbox.append({ setPoint: ++appended });
          await rig.clock.advance(seconds(waitS));
          if (!restart) continue;
          // A process that ends has only the disk: it is given room, or what waits in memory would be lost.
          leave(2_500_000);
          await rig.clock.advance(seconds(30));
          await rig.restart();
          leave(space);
        }
        leave(2_500_000);
        rig.outbox.setOnline(true);
        await rig.clock.advance(seconds(30 + appended));
        await rig.clock.run(rig.outbox.close());
        expect([...rig.hub.firsts].sort((a, b) => a - b)).toEqual(range(1, appended));
        const repaired = rig.lines.filter(({ event }) => event === "outbox-repaired");
        expect(repaired.filter(({ fields }) => fields?.["by"] === "set-aside")).toEqual([]);
        expect(rig.count("outbox-entries-missing")).toBe(0);
      }),
      { numRuns: Number(process.env["RUNS"] ?? 60) },
    );
  });
});
