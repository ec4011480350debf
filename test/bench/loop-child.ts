/**
 * The control loop as the `loop` command composes it, with a finger on the virtual hat's buttons.
 *
 * Two things differ from a run: the room stands still between two set-points, so that each press decides, and the
 * minimum times are below the settings' limits, so that presses need not be 10 s apart.
 * Arguments: the data folder, and `cloud` or `offline`.
 */

import { celsius, kelvin, millis, seconds } from "../../src/base/units.ts";
import { chooseBoard } from "../../src/firmware/choose-board.ts";
import { startFaces } from "../../src/firmware/faces.ts";
import type { VirtualHardware } from "../../src/firmware/hardware.ts";
import { keepHistory } from "../../src/firmware/history/keep-history.ts";
import { LogFeed } from "../../src/firmware/local-socket/log-feed.ts";
import { LineWriter } from "../../src/firmware/process/line-writer.ts";
import { createLogger } from "../../src/firmware/process/logger.ts";
import { systemClock as clock } from "../../src/firmware/process/system-clock.ts";
import { RemoteLines } from "../../src/firmware/reports/remote-lines.ts";
import { runLoop } from "../../src/firmware/run-loop.ts";
import { openDataFolder } from "../../src/firmware/storage/data-folder.ts";
import { durableSystemFiles } from "../../src/firmware/storage/durable-files.ts";
import { gatedFiles } from "../../src/firmware/storage/gated-files.ts";
import { LiveSettings } from "../../src/firmware/storage/live-settings.ts";
import { startLoopUpdates } from "../../src/firmware/update/swap/loop-updates.ts";
import { defaultSettings, type Settings } from "../../src/model/settings.ts";
import { waitedForCore } from "./processes.ts";
import { serve } from "./services.ts";

const [dataPath = "", link] = process.argv.slice(2);

/** 17.6 °C in the room: at 17 the heater rests, one press of B asks for 18 and for heat, one of A for rest again. */
const settings: Settings = {
  ...defaultSettings,
  law: "hysteresis",
  hysteresis: kelvin(0.1),
  targetInitial: celsius(17),
  targetStep: kelvin(1),
  minimumOnSeconds: 0.2,
  minimumOffSeconds: 0.2,
  sensorPeriodSeconds: 1,
};
const roomTemperature = () => celsius(17.6 + 0.02 * Math.random());
const tap = millis(120);
/** As three readings take until they are trusted, and one more. */
const warmUp = seconds(5);
const lostAfter = seconds(1);

const data = openDataFolder(dataPath);
const choice = chooseBoard("virtual", data.path);
const out = new LineWriter(1);
const log = createLogger({ clock, level: "info", format: "json", write: out.write });
let virtual: VirtualHardware | undefined;
const running = await runLoop({
  data,
  settings,
  choice,
  log,
  virtualDisplay: "oled-128x128",
  beat: () => {},
  cleanUp: () => out.flush(),
  end: (code) => process.exit(code),
  onHardware(hardware) {
    virtual = hardware.virtual;
    if (virtual === undefined) return;
    virtual.surroundings.advance = () => {};
    virtual.surroundings.measure = roomTemperature;
  },
});
const online = new Promise<void>((resolve) => {
  running.device.watch(({ input }) => {
    if (input.link === "online") resolve();
  });
});
/**
 * In ms, from when the finger is due to touch A, which lowers, or to leave B, whose raise counts for the heater on
 * release (SR-13): from when it is due, so that an event loop that is busy then counts.
 */
export interface Press {
  readonly taken: number;
  /** As `taken`, without the time for which the machine had no core for this thread: that is not the firmware's. */
  readonly own: number;
}

/** @returns undefined for a press that was slept through */
async function press(button: "a" | "b", dueMs: number): Promise<Press | undefined> {
  const hat = virtual?.hat;
  if (hat === undefined) throw new Error("there is no virtual hat");
  const at = (whenMs: number, act: () => void) => clock.setTimer(millis(whenMs - clock.now()), act);
  const actsMs = button === "b" ? dueMs + tap : dueMs;
  return await new Promise((resolve) => {
    let waited = waitedForCore();
    at(actsMs - 3, () => {
      waited = waitedForCore();
    });
    const ignore = hat.gpio.observe(hat.wiring.relay.line, () => {
      ignore();
      giveUp();
      const taken = clock.now() - actsMs;
      resolve({ taken, own: taken - (waitedForCore() - waited) });
    });
    const giveUp = at(actsMs + lostAfter, () => {
      ignore();
      resolve(undefined);
    });
    at(dueMs, () => hat.press(button, tap));
  });
}

const services = {
  online: () => online,
  /** One press every 300 to 500 ms. */
  async press(presses: number): Promise<Press[]> {
    await clock.sleep(millis(Math.max(0, warmUp - clock.now())));
    const done: Press[] = [];
    let dueMs: number = clock.now();
    let heating = false;
    while (done.length < presses) {
      dueMs = Math.max(dueMs, clock.now()) + 300 + 200 * Math.random();
      const waited = waitedForCore();
      const one = await press(heating ? "a" : "b", dueMs);
      if (one !== undefined) heating = !heating;
      // Lost to a machine that stood still for longer than a finger's tap says nothing of the firmware.
      else if (waitedForCore() - waited > tap / 2) continue;
      done.push(one ?? { taken: lostAfter, own: lostAfter });
    }
    return done;
  },
};
export type LoopServices = typeof services;

// Before the cloud process: once anybody listens, Node keeps no message for those who listen later.
serve(services);
if (link === "cloud") {
  await startFaces({
    running,
    data,
    choice,
    log,
    remoteLines: new RemoteLines(clock),
    logs: new LogFeed(clock),
    history: keepHistory({ ...running, data, log }),
    offline: false,
    settings,
    live: new LiveSettings({
      ...{ device: running.device, source: { path: data.settingsFile, named: false }, data, log, settings },
      files: gatedFiles(durableSystemFiles, data.path, running.manifest),
      problem: undefined,
      onStored() {},
    }),
    swap: startLoopUpdates({
      device: running.device,
      settings: () => settings,
      dataPath,
      manifest: running.manifest,
      env: {},
      send() {},
      clock,
      log,
    }),
    virtual,
    simulatedToCloud: false,
    quiet: false,
  });
}
