/** On the virtual hat in real time: a finger leaves button B → relay line; a finger touches it → display. */

import { silentLog } from "../../src/base/log.ts";
import { celsius, millis, relativeHumidity } from "../../src/base/units.ts";
import type { Hat } from "../../src/board/hat.ts";
import { openHat } from "../../src/board/open-hat.ts";
import { findDisplay } from "../../src/board/screen/find-display.ts";
import { readBoard } from "../../src/firmware/choose-board.ts";
import { Device } from "../../src/firmware/device.ts";
import { systemClock as clock } from "../../src/firmware/process/system-clock.ts";
import { memoryFiles } from "../../src/firmware/storage/durable-files.ts";
import { StateStore } from "../../src/firmware/storage/state-store.ts";
import { defaultSettings } from "../../src/model/settings.ts";
import type { Plant } from "../../src/simulation/room/surroundings.ts";
import { VirtualHat } from "../../src/simulation/virtual-hat/virtual-hat.ts";
import { type Figure, quantile } from "./figures.ts";

/** Stands still: the press alone decides. */
const steadyRoom: Plant = {
  advance() {},
  measure: () => celsius(18.9 + 0.02 * Math.random()),
  humidity: relativeHumidity(45),
};
const tap = millis(120);
const settings = { ...defaultSettings, law: "hysteresis" as const, sensorPeriodSeconds: 1 };

interface Press {
  readonly relayMs: number;
  readonly screenMs: number;
}

/** 18.9 °C, set-point 19.0: one press of B asks for heat. A fresh device each, for its minimum times. */
async function onePress(): Promise<Press> {
  const { wiring } = readBoard("virtual");
  const virtual = new VirtualHat({ clock, wiring, plant: steadyRoom });
  let shown: (() => void) | undefined;
  const hat: Hat = await openHat({
    hardware: virtual.connect(),
    wiring,
    clock,
    log: silentLog,
    findDisplay: async () => {
      const display = await findDisplay(virtual.bus, clock);
      if (display === undefined) return undefined;
      return {
        kind: display.kind,
        show: async (model) => {
          await display.show(model);
          if (model.target > 19) shown?.();
        },
      };
    },
  });
  const store = new StateStore("/state.json", memoryFiles(), clock);
  const device = await Device.start({ hat, settings, store, clock, log: silentLog, firmware: "0.1.0" });
  await clock.sleep(millis(3500 + 400 * Math.random()));
  const pressedAt = clock.now();
  // A raise counts for the heater on release (SR-13), on the display at once.
  const releasedAt = pressedAt + tap;
  const relay = new Promise<number>((resolve) => {
    virtual.gpio.observe(wiring.relay.line, () => resolve(clock.now() - releasedAt));
  });
  const screen = new Promise<number>((resolve) => {
    shown = () => resolve(clock.now() - pressedAt);
  });
  virtual.press("b", tap);
  const press = { relayMs: await relay, screenMs: await screen };
  await device.stop();
  return press;
}

export async function pressFigures(presses: number): Promise<Figure[]> {
  const done: Press[] = [];
  // A few at a time, spread out, so that the wait for the readings is shared and the presses do not meet.
  while (done.length < presses) {
    const batch = Math.min(5, presses - done.length);
    const running = Array.from({ length: batch }, async (_, index) => {
      await clock.sleep(millis(index * 450));
      return await onePress();
    });
    done.push(...(await Promise.all(running)));
  }
  const relay = done.map(({ relayMs }) => relayMs);
  const screen = done.map(({ screenMs }) => screenMs);
  const note = `${presses} presses, debounce of 10 ms included`;
  return [
    { name: "button's release to relay line, p50", value: quantile(relay, 0.5), unit: "ms", note },
    { name: "button's release to relay line, p99", value: quantile(relay, 0.99), unit: "ms", limit: 20 },
    { name: "button to screen, p50", value: quantile(screen, 0.5), unit: "ms", note: "at 100 kHz" },
    { name: "button to screen, p99", value: quantile(screen, 0.99), unit: "ms" },
  ];
}
