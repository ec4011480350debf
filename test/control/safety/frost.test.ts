import { describe, expect, it } from "vitest";
import { Device } from "../device.ts";

describe("SR-09: frost", () => {
  it("heats below 5 °C up to 7 °C in auto, whatever the set-point", () => {
    const device = new Device();
    device.target(5);
    device.read(4.9);
    expect(device.heater).toBe(true);
    expect(device.events).toContainEqual({ kind: "heater", on: true, reason: "frost protection" });
    device.run(300);
    device.temperature = 6.9;
    device.run(300);
    expect(device.heater).toBe(true);
    device.temperature = 7;
    device.run(4);
    expect(device.heater).toBe(false);
  });

  it.each([
    [false, false],
    [true, true],
  ])("in manual heats only if enabled (%s)", (frostInManual, heats) => {
    const device = new Device({ frostInManual, modeInitial: "manual" });
    device.read(3);
    expect(device.heater).toBe(heats);
  });

  it("never heats with a sensor that is not healthy", () => {
    const device = new Device();
    device.read(3);
    device.wait(60);
    expect(device.heater).toBe(false);
  });
});
