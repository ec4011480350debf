/** What is recorded of a device, when it is written, and what a bad disk or a wrong clock costs. */
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import {
  celsius,
  duty,
  hours,
  type Millis,
  minutes,
  relativeHumidity,
  seconds,
  wallMillis,
} from "../../../src/base/units.ts";
import type { ControlMode } from "../../../src/control/input.ts";
import type { Observation } from "../../../src/firmware/device.ts";
import { HistoryRecorder } from "../../../src/firmware/history/recorder.ts";
import { HistoryStore } from "../../../src/firmware/history/store.ts";
import type { FaultCode } from "../../../src/model/faults.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { MemoryDisk, minuteMs, noon, readAll } from "./rig.ts";

interface Look {
  readonly temperature?: number | undefined;
  readonly heater: boolean;
  readonly mode: ControlMode;
  readonly faults: readonly FaultCode[];
}

class Rig {
  readonly disk: MemoryDisk;
  readonly clock: VirtualClock;
  recorder: HistoryRecorder;
  look: Look = { temperature: 19.5, heater: false, mode: "auto", faults: [] };
  readonly failing: boolean[] = [];
  readonly logged: string[] = [];

  constructor({ disk = new MemoryDisk(), wall = noon } = {}) {
    this.disk = disk;
    this.clock = new VirtualClock({ wallStart: wallMillis(wall) });
    this.recorder = this.#start();
  }

  #start(): HistoryRecorder {
    const note = (event: string, fields?: object) =>
      void this.logged.push(`${event} ${JSON.stringify(fields)}`);
    const recorder = new HistoryRecorder({
      store: new HistoryStore(this.disk),
      clock: this.clock,
      boot: { id: "boot", clockZeroMs: seconds(30) },
      log: { ...silentLog, warn: note, info: note },
      setFailing: (failing) => void this.failing.push(failing),
    });
    void recorder.open();
    return recorder;
  }

  /** One step a second, as the device makes them. */
  async run(duration: Millis): Promise<void> {
    const end = this.clock.now() + duration;
    for (; this.clock.now() < end; await this.clock.advance(seconds(1))) this.step();
  }

  step(): void {
    const { temperature, heater, mode, faults } = this.look;
    const screen = {
      temperature: temperature === undefined ? undefined : celsius(temperature),
      humidity: temperature === undefined ? undefined : relativeHumidity(45),
      target: celsius(20),
      demand: duty(heater ? 100 : 0),
      mode,
    };
    const commands = { heater, screen };
    this.recorder.take({ atMs: this.clock.now(), commands, activeFaults: faults } as unknown as Observation);
  }

  /** The process ends, in order or by a cut, and begins again. */
  async restart(inOrder: boolean): Promise<void> {
    if (inOrder) await this.recorder.close();
    this.recorder = this.#start();
    await this.clock.settle();
  }
}

const times = (rows: readonly { readonly atMs: number }[]) =>
  rows.map(({ atMs }) => (atMs - noon) / minuteMs);

describe("the recorder", () => {
  it("makes a row of each minute of the clock, with means, heater time, mode and faults", async () => {
    const rig = new Rig();
    await rig.run(seconds(15));
    rig.look = { temperature: 20.5, heater: true, mode: "manual", faults: ["display-failed"] };
    await rig.run(seconds(46));
    const { rows } = rig.recorder.unstored;
    expect(rows[0]).toEqual({
      atMs: noon,
      clockTrusted: true,
      seconds: 60,
      temperature: 20.25,
      humidity: 45,
      setPoint: 20,
      demand: 75,
      heaterSeconds: 45,
      mode: "manual",
      faults: ["display-failed"],
    });
  });

  it("leaves the reading empty while there is none, and a gap where the device did not run", async () => {
    const rig = new Rig();
    rig.look = { ...rig.look, temperature: undefined };
    await rig.run(minutes(2));
    await rig.restart(true);
    await rig.clock.advance(minutes(10));
    rig.look = { ...rig.look, temperature: 18 };
    await rig.run(minutes(2));
    await rig.recorder.close();
    const { rows } = await readAll(rig.disk);
    expect(times(rows)).toEqual([0, 1, 12, 13]);
    expect(rows.map(({ temperature }) => temperature)).toEqual([null, null, 18, 18]);
  });

  it("writes every 90 minutes, below 1 MB a day in blocks of the disk and of its journal", async () => {
    const rig = new Rig();
    // The last of 16 is due after the last row.
    await rig.run(hours(24));
    const { writes, blocks, written, syncs } = rig.disk;
    expect(writes).toBe(15);
    // By measurement ext4 adds eight blocks to each sync: the journal's, the inode's, those of the folder and the map.
    const worn = (blocks + 8 * syncs) * 4096;
    console.log(
      `a day: ${writes} writes of ${written} bytes, ${syncs} syncs, ${blocks} blocks; worn ${worn}`,
    );
    expect(worn).toBeLessThan(700_000);
    expect(written).toBeLessThan(110_000);
  });

  it("loses 90 minutes at most to a power cut", async () => {
    const rig = new Rig();
    await rig.run(minutes(179));
    await rig.restart(false);
    expect((await readAll(rig.disk)).rows.length).toBeGreaterThanOrEqual(89);
  });

  it("corrects the time of rows that were made before the clock was set", async () => {
    const rig = new Rig({ wall: 0 });
    await rig.run(minutes(5));
    rig.clock.jumpWallTo(wallMillis(noon + 5 * minuteMs));
    await rig.run(minutes(5));
    await rig.recorder.close();
    const { rows } = await readAll(rig.disk);
    expect(rows.every(({ clockTrusted }) => clockTrusted)).toBe(true);
    expect(times(rows).map(Math.round)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("marks rows of a clock that was never set, and keeps their order", async () => {
    const rig = new Rig({ wall: 0 });
    await rig.run(minutes(3));
    await rig.restart(true);
    rig.clock.jumpWallTo(wallMillis(60_000));
    await rig.run(minutes(2));
    await rig.recorder.close();
    const { rows } = await readAll(rig.disk);
    expect(rows.map(({ atMs, clockTrusted }) => [atMs / minuteMs, clockTrusted])).toEqual([
      [0, false],
      [1, false],
      [2, false],
      [1, false],
      [2, false],
    ]);
  });

  it("makes no more rows with a clock that is set every second", async () => {
    const rig = new Rig();
    for (let at = 0; at < 600; at += 1) {
      rig.clock.jumpWallTo(wallMillis(noon + ((at * 7919) % 100_000) * 1000));
      await rig.run(seconds(1));
    }
    expect(rig.recorder.unstored.rows.length).toBeLessThanOrEqual(20);
  });

  it.each(["ENOSPC", "EROFS"])(
    "says so once on %s, keeps four hours, and stores them once it can",
    async (fault) => {
      const rig = new Rig();
      await rig.run(minutes(91));
      rig.disk.fault = fault;
      await rig.run(hours(10));
      expect(rig.failing).toEqual([true]);
      expect(rig.recorder.unstored.rows.length).toBeLessThanOrEqual(241);
      rig.disk.fault = undefined;
      await rig.run(minutes(11));
      expect(rig.failing).toEqual([true, false]);
      expect(rig.logged).toHaveLength(2);
      expect(rig.logged[0]).toContain(`"reason":"${fault}"`);
      const { rows } = await readAll(rig.disk);
      // Those before, and the last four hours of those that failed.
      expect(rows.length).toBeGreaterThan(320);
      expect(rows.length).toBeLessThan(340);
      expect(rig.logged[1]).toContain(
        `"lostMinutes":${10 * 60 + 91 + 11 - rows.length - rig.recorder.unstored.rows.length}`,
      );
    },
  );

  it("reports a disk that hangs, and goes on recording", async () => {
    const rig = new Rig();
    let answer = (): void => {};
    rig.disk.hangs = new Promise((resolve) => {
      answer = resolve;
    });
    await rig.run(minutes(92));
    expect(rig.failing).toEqual([true]);
    expect(rig.logged[0]).toContain("the disk does not answer");
    expect(rig.recorder.unstored.rows.length).toBeGreaterThan(60);
    rig.disk.hangs = undefined;
    answer();
    await rig.run(minutes(1));
    expect(rig.failing).toEqual([true, false]);
  });

  it("hands out what is not stored together with where the stored ends, so that nothing comes twice", async () => {
    const rig = new Rig();
    await rig.run(minutes(120));
    const { end, rows } = rig.recorder.unstored;
    const stored = await readAll(rig.disk, end);
    expect(times([...stored.rows, ...rows])).toEqual(Array.from({ length: 120 }, (_, at) => at));
  });
});
