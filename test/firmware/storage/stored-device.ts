/**
 * A device that starts from a data folder on the real disk as `run` and `loop` do, on the virtual hat, in virtual time:
 * thousands of starts in minutes. What a process of its own would add is tested with the built firmware.
 */

import { silentLog } from "../../../src/base/log.ts";
import {
  celsius,
  hours,
  type Millis,
  minutes,
  relativeHumidity,
  seconds,
  type WallMillis,
} from "../../../src/base/units.ts";
import { nextReport, startLink, takeDocument } from "../../../src/control/twin/twin.ts";
import { composeDevice } from "../../../src/firmware/compose-device.ts";
import type { Device } from "../../../src/firmware/device.ts";
import { takeHardware } from "../../../src/firmware/guardian/take-hardware.ts";
import { loadManifest } from "../../../src/firmware/hardware.ts";
import { describeDataFolder } from "../../../src/firmware/storage/data-folder.ts";
import { type DurableFiles, durableSystemFiles } from "../../../src/firmware/storage/durable-files.ts";
import { gatedFiles } from "../../../src/firmware/storage/gated-files.ts";
import {
  boardOrLastGood,
  failingFiles,
  keepLastGood,
  relayKey,
  settingsOrLastGood,
} from "../../../src/firmware/storage/last-good.ts";
import { dailyOutside, Room, roomPresets } from "../../../src/simulation/room/room.ts";
import { Surroundings } from "../../../src/simulation/room/surroundings.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { VirtualHat } from "../../../src/simulation/virtual-hat/virtual-hat.ts";

export interface StoredDevice {
  readonly device: Device;
  readonly clock: VirtualClock;
  readonly hat: VirtualHat;
  /** From the end of the minimum off time that is in force (SR-08): what heat may be waited for. */
  readonly heatDue: Millis;
  /** A hub sets the set-point. @returns what the device then reports of it */
  follow(target: number): Promise<unknown>;
  /** Runs until it is so. @throws when `limit` passes first */
  until(what: string, limit: Millis, holds: () => boolean): Promise<void>;
  stop(): Promise<void>;
  /** The power goes: nothing is written any more, and the kernel drops the locks. */
  cutPower(): void;
}

export interface StoredDeviceOptions {
  readonly folder: string;
  readonly board: string;
  readonly wallStart?: WallMillis;
  readonly files?: DurableFiles;
}

/** @throws as a start does */
export async function startStored(options: StoredDeviceOptions): Promise<StoredDevice> {
  const { folder, board: boardName, wallStart, files: disk = durableSystemFiles } = options;
  const clock = new VirtualClock(wallStart === undefined ? {} : { wallStart });
  const data = describeDataFolder(folder);
  const settings = settingsOrLastGood({ path: data.settingsFile, named: false }, data);
  const choose = () => boardOrLastGood(boardName, data).value;
  const guarded = takeHardware({ dataPath: folder, log: silentLog, choose });
  const board = boardOrLastGood(boardName, data, relayKey(guarded.choice.wiring));
  const choice = board.value;
  const { wiring } = choice;
  const manifest = loadManifest(choice);
  const hat = new VirtualHat({ clock, wiring, plant: coldRoom(), display: "lcd-16x2" });
  const files = held(gatedFiles(disk, folder, manifest), clock);
  const device = await composeDevice({
    choice,
    manifest,
    attached: hat.connect(),
    settings: settings.value,
    clock,
    log: silentLog,
    stateFile: data.stateFile,
    files,
    failing: failingFiles(settings, board),
  });
  await keepLastGood({ data, files, clock, log: silentLog }, { settings: settings.good, board: board.good });
  const until: StoredDevice["until"] = async (what, limit, holds) => {
    const end = clock.now() + limit;
    while (!holds()) {
      if (clock.now() >= end) throw new Error(`${what} did not come within ${limit / 1000} s`);
      await clock.advance(seconds(1));
    }
  };
  return {
    device,
    clock,
    hat,
    heatDue: minutes(1 + settings.value.minimumOffSeconds / 60),
    until,
    async follow(target) {
      const { shadow } = device.inForce;
      const document = { desired: { targetTemperature: target, $version: shadow.version + 1 }, reported: {} };
      const outcome = takeDocument(startLink, device.inForce, document);
      device.request(...outcome.requests);
      await until("the disk", seconds(30), () => device.stored);
      const sections = { faults: device.activeFaults.join(", ") } as Parameters<typeof nextReport>[2];
      const { report } = nextReport(outcome.link, device.inForce, sections);
      return (report as Record<string, unknown> | undefined)?.["targetTemperature"];
    },
    cutPower() {
      device.abandon();
      guarded.release();
    },
    async stop() {
      let stopped = false;
      void device.stop().then(() => {
        stopped = true;
      });
      // The display's last bytes take time on the bus.
      await until("the end", seconds(30), () => stopped);
      guarded.release();
    },
  };
}

/** Frost stands at the door, so that heat is wanted whatever the set-point. */
function coldRoom(): Surroundings {
  const start = { temperature: celsius(3), humidity: relativeHumidity(48), seed: 1 };
  const room = new Room(roomPresets.fanHeater, start);
  return new Surroundings(room, { outside: dailyOutside(celsius(-5), 2), startOfDay: hours(18) });
}

/** Virtual time stands still while the disk works. */
function held(files: DurableFiles, clock: VirtualClock): DurableFiles {
  const { read, writeDurably, rename, link, setAside, boundKeptAside, syncFolder } = files;
  return {
    read: (path) => clock.holdDuring(read(path)),
    writeDurably: (path, text) => clock.holdDuring(writeDurably(path, text)),
    rename: (from, to) => clock.holdDuring(rename(from, to)),
    link: (from, to) => clock.holdDuring(link(from, to)),
    setAside: (path, to) => clock.holdDuring(setAside(path, to)),
    boundKeptAside: (path) => clock.holdDuring(boundKeptAside(path)),
    syncFolder: (path) => clock.holdDuring(syncFolder(path)),
  };
}
