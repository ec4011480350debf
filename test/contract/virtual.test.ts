import { describe, expect, it } from "vitest";
import { celsius, relativeHumidity } from "../../src/base/units.ts";
import type { VirtualClock } from "../../src/simulation/time/virtual-clock.ts";
import { hatAddresses } from "../../src/simulation/virtual-hat/virtual-hat.ts";
import { stillHat } from "../simulation/virtual-hat/test-hat.ts";
import { type GpioRig, gpioContract } from "./gpio-contract.ts";
import { type BusRig, i2cBusContract } from "./i2c-bus-contract.ts";

function busRig(): BusRig & { readonly clock: VirtualClock } {
  const { clock, air, virtual } = stillHat();
  let end = () => {};
  return {
    bus: virtual.connect().bus,
    clock,
    setAir: (temperature, humidity) => {
      air.temperature = celsius(temperature);
      air.humidity = relativeHumidity(humidity);
    },
    fault: (kind, count) => {
      end();
      end = kind === "none" ? () => {} : virtual.bus.inject({ kind, address: hatAddresses.sensor, count });
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
    const { clock, virtual } = stillHat();
    const rig: GpioRig = {
      gpio: virtual.connect().gpio,
      clock,
      outputs: [20, 21],
      inputs: [23, 25],
      beyond: 99,
      drive: (line, level) => virtual.gpio.drive(line, level),
      level: (line) => virtual.gpio.level(line),
    };
    await clock.run(run(rig));
  });
});
