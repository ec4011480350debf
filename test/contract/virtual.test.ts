import { describe, expect, it } from "vitest";
import type { WiredLine, Wiring } from "../../src/chips/wiring.ts";
import { celsius, relativeHumidity } from "../../src/control/units.ts";
import { VirtualClock } from "../../src/simulation/virtual-clock.ts";
import { hatAddresses, VirtualHat } from "../../src/simulation/virtual-hat.ts";
import { type GpioRig, gpioContract } from "./gpio-contract.ts";
import { type BusRig, i2cBusContract } from "./i2c-bus-contract.ts";

const wired = (name: string, line: number, activeLevel: 0 | 1 = 1): WiredLine => ({
  name,
  line,
  activeLevel,
});
const wiring: Wiring = {
  board: "contract",
  backend: "virtual",
  gpioChipLabels: [],
  i2cBus: 1,
  relay: wired("RELAY", 16),
  buttonA: wired("BUTTON_A", 22),
  buttonB: wired("BUTTON_B", 24),
  modeButton: wired("MODE_BUTTON", 19, 0),
  modeLed: wired("MODE_LED", 18),
  statusLed: wired("STATUS_LED", 26),
};

function standing() {
  const clock = new VirtualClock();
  const air = { temperature: celsius(20), humidity: relativeHumidity(50) };
  const plant = {
    advance: () => {},
    measure: () => air.temperature,
    get humidity() {
      return air.humidity;
    },
  };
  return { clock, air, hat: new VirtualHat({ clock, wiring, plant, bounce: false }) };
}

function busRig(): BusRig & { readonly clock: VirtualClock } {
  const { clock, air, hat } = standing();
  let end = () => {};
  return {
    bus: hat.connect().bus,
    clock,
    setAir: (temperature, humidity) => {
      air.temperature = celsius(temperature);
      air.humidity = relativeHumidity(humidity);
    },
    fault: (kind, count) => {
      end();
      end = kind === "none" ? () => {} : hat.bus.disturb({ kind, address: hatAddresses.sensor, count });
    },
  };
}

describe("the virtual bus keeps the contract of every bus: it", () => {
  it.each(i2cBusContract)("$name", async ({ run }) => {
    const rig = busRig();
    await rig.clock.run(run(rig));
  });

  it("does all of that one after the other on one and the same bus", async () => {
    const rig = busRig();
    for (const { run } of i2cBusContract) await rig.clock.run(run(rig));
    expect(rig.clock.pendingTimers).toBe(0);
  });
});

describe("the virtual lines keep the contract of every GPIO port: it", () => {
  it.each(gpioContract)("$name", async ({ run }) => {
    const { clock, hat } = standing();
    const rig: GpioRig = {
      gpio: hat.connect().gpio,
      clock,
      outputs: [20, 21],
      inputs: [23, 25],
      beyond: 99,
      drive: (line, level) => hat.gpio.drive(line, level),
      level: (line) => hat.gpio.level(line),
    };
    await clock.run(run(rig));
  });
});
