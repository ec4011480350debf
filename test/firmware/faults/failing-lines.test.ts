/** SR-11: whatever part of the hat fails, the core is told of it, and told again when it works. */
import { expect, it } from "vitest";
import { seconds } from "../../../src/base/units.ts";
import { openHat } from "../../../src/board/open-hat.ts";
import { type GpioPort, LineError } from "../../../src/chips/lines.ts";
import { Device, type Observation } from "../../../src/firmware/device.ts";
import { memoryFiles } from "../../../src/firmware/storage/durable-files.ts";
import { StateStore } from "../../../src/firmware/storage/state-store.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { hatRig } from "../../board/hat-rig.ts";

it("LEDs and a relay's line that fail under way reach the core as failing parts, and no longer once they work", async () => {
  const rig = hatRig();
  const broken = new Set<number>();
  const gpio: GpioPort = {
    openInput: (line) => rig.hardware.gpio.openInput(line),
    close: () => rig.hardware.gpio.close(),
    openOutput: async (line, initial) => {
      const output = await rig.hardware.gpio.openOutput(line, initial);
      return {
        ...output,
        write(level) {
          if (broken.has(line)) throw new LineError("io", "no");
          output.write(level);
        },
      };
    },
  };
  const { clock, log } = rig;
  const hat = await openHat({ ...rig, hardware: { ...rig.hardware, gpio } });
  const seen: Observation[] = [];
  const device = await clock.run(
    Device.start({
      hat,
      settings: defaultSettings,
      store: new StateStore("/state.json", memoryFiles(), clock),
      clock,
      log,
      firmware: "1.0.0",
      onStep: (observation) => void seen.push(observation),
    }),
  );
  const failing = async (...lines: number[]) => {
    broken.clear();
    for (const line of lines) broken.add(line);
    await clock.advance(seconds(5));
    return seen.at(-1)?.input.failing;
  };
  const { relay, modeLed, statusLed } = rig.wiring;
  expect(await failing()).toEqual([]);
  expect(await failing(modeLed.line)).toEqual(["leds"]);
  expect(await failing(statusLed.line)).toEqual(["leds"]);
  expect(await failing(relay.line)).toEqual(["relay"]);
  expect(await failing(relay.line, modeLed.line)).toEqual(["leds", "relay"]);
  expect(await failing()).toEqual([]);
  device.abandon();
});
