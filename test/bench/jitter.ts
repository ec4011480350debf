/** How late the control loop's timers fire, with all well and with the disk and the display stalled. */

import type { Clock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { celsius, type Millis, millis, relativeHumidity } from "../../src/base/units.ts";
import { openHat } from "../../src/board/open-hat.ts";
import type { ScreenTarget } from "../../src/board/screen/feed.ts";
import { readBoard } from "../../src/firmware/choose-board.ts";
import { Device } from "../../src/firmware/device.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import { memoryFiles } from "../../src/firmware/storage/durable-files.ts";
import { StateStore } from "../../src/firmware/storage/state-store.ts";
import { defaultSettings } from "../../src/model/settings.ts";
import { Room, roomPresets } from "../../src/simulation/room/room.ts";
import { Surroundings } from "../../src/simulation/room/surroundings.ts";
import { VirtualHat } from "../../src/simulation/virtual-hat/virtual-hat.ts";
import { type Figure, quantile } from "./figures.ts";

/** Notes how late each timer comes. */
function lateness(into: number[]): Clock {
  return {
    ...systemClock,
    setTimer(delay: Millis, fn: () => void) {
      const due = systemClock.now() + Math.max(0, delay);
      return systemClock.setTimer(delay, () => {
        into.push(systemClock.now() - due);
        fn();
      });
    },
  };
}

async function run(durationMs: number, stalled: boolean): Promise<number[]> {
  const late: number[] = [];
  const { wiring } = readBoard("virtual");
  const room = new Room(roomPresets.living, {
    temperature: celsius(18),
    humidity: relativeHumidity(45),
    seed: 1,
  });
  const plant = new Surroundings(room, { outside: () => celsius(5) });
  const virtual = new VirtualHat({ clock: systemClock, wiring, plant });
  const clock = lateness(late);
  const never = new Promise<never>(() => {});
  const files = stalled ? { ...memoryFiles(), writeDurably: () => never } : memoryFiles();
  const stuck: ScreenTarget = { kind: "oled-128x128", show: () => never };
  const hat = await openHat({
    hardware: virtual.connect(),
    wiring,
    clock,
    log: silentLog,
    findDisplay: stalled ? async () => stuck : undefined,
  });
  const store = new StateStore("/state.json", files, systemClock);
  const settings = { ...defaultSettings, sensorPeriodSeconds: 1 };
  const device = await Device.start({ hat, settings, store, clock, log: silentLog, firmware: "0.1.0" });
  for (let pressed = 0; pressed < durationMs; pressed += 250) {
    virtual.press(pressed % 500 === 0 ? "b" : "a");
    await systemClock.sleep(millis(250));
  }
  device.abandon();
  await hat.close();
  return late;
}

export async function jitterFigures(durationMs: number): Promise<Figure[]> {
  const well = await run(durationMs, false);
  const stalled = await run(durationMs, true);
  return [
    { name: "loop timers late, p50", value: quantile(well, 0.5), unit: "ms", note: `${well.length} timers` },
    { name: "loop timers late, p99", value: quantile(well, 0.99), unit: "ms" },
    {
      name: "loop timers late, p99, disk and display stalled",
      value: quantile(stalled, 0.99),
      unit: "ms",
      note: `${stalled.length} timers`,
    },
  ];
}
