/** A device in virtual time that answers on its local socket. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { celsius, relativeHumidity, seconds } from "../../../src/base/units.ts";
import { openHat } from "../../../src/board/open-hat.ts";
import { Device } from "../../../src/firmware/device.ts";
import { LocalClient } from "../../../src/firmware/local-socket/local-client.ts";
import { LocalFace } from "../../../src/firmware/local-socket/local-face.ts";
import { LogFeed } from "../../../src/firmware/local-socket/log-feed.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { durableSystemFiles, memoryFiles } from "../../../src/firmware/storage/durable-files.ts";
import { LiveSettings } from "../../../src/firmware/storage/live-settings.ts";
import { StateStore } from "../../../src/firmware/storage/state-store.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { dailyOutside, Room, roomPresets } from "../../../src/simulation/room/room.ts";
import { Surroundings } from "../../../src/simulation/room/surroundings.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { VirtualHat } from "../../../src/simulation/virtual-hat/virtual-hat.ts";
import { virtualWiring as wiring } from "../../simulation/virtual-hat/test-hat.ts";
import { rowsAt } from "../history/rig.ts";

/** Each with all that a row can hold. */
export const unstored = {
  end: { number: 7, bytes: 4242 },
  rows: rowsAt(1, 241).map((row) => ({
    ...row,
    faults: ["a", "b", "c", "d"].map((each) => each.repeat(32)),
  })),
};

/** The device ends with the test. @param hangs whether its disk never finishes a write */
export async function runningDevice({ longName = false, hangs = false } = {}) {
  const base = mkdtempSync(join(tmpdir(), "local-socket-"));
  const data = longName ? join(base, "x".repeat(150)) : base;
  mkdirSync(data, { recursive: true });
  const clock = new VirtualClock();
  const room = new Room(roomPresets.fanHeater, {
    temperature: celsius(17.6),
    humidity: relativeHumidity(48),
    seed: 1,
  });
  const hat = new VirtualHat({
    clock,
    wiring,
    plant: new Surroundings(room, { outside: dailyOutside(celsius(2), 4) }),
  });
  const logs = new LogFeed(systemClock);
  const log = logs.watch(silentLog);
  const memory = memoryFiles();
  const files = hangs ? { ...memory, writeDurably: () => new Promise<never>(() => {}) } : memory;
  const device = await Device.start({
    hat: await openHat({ hardware: hat.connect(), wiring, clock, log: silentLog }),
    settings: defaultSettings,
    store: new StateStore("/state.json", files, clock),
    clock,
    log,
    firmware: "0.1.0",
  });
  const settings = new LiveSettings({
    ...{ device, log, settings: defaultSettings, problem: undefined },
    source: { path: join(data, "settings.json"), named: false },
    data: { path: data },
    files: durableSystemFiles,
    onStored() {},
  });
  const listen = async () => {
    const about = { dataPath: data, firmware: "0.1.0", board: "virtual", timeZone: "Asia/Tokyo" };
    const opened = new LocalFace({
      ...about,
      clock: systemClock,
      log,
      logs,
      history: { unstored },
      settings,
    });
    await device.addFace(opened);
    return opened;
  };
  const face = await listen();
  await clock.advance(seconds(5));
  onTestFinished(async () => {
    await face.close();
    device.abandon();
    rmSync(base, { recursive: true, force: true });
  });
  const connect = async () => {
    const client = await LocalClient.connect(data);
    onTestFinished(() => client.close());
    return client;
  };
  return { data, clock, device, hat, face, connect, listen, log, settings };
}
