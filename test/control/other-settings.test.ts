/** Settings that change while the device runs. */
import { describe, expect, it } from "vitest";
import { celsius, kelvin } from "../../src/base/units.ts";
import type { Request } from "../../src/control/input.ts";
import { inForce } from "../../src/control/twin/in-force.ts";
import { defaultSettings, type Settings } from "../../src/model/settings.ts";
import { Device } from "./device.ts";

const use = (changes: Partial<Settings>): Request => ({
  kind: "use-settings",
  settings: { ...defaultSettings, ...changes },
  source: "local",
});

describe("settings that change while the device runs", () => {
  it("are in force at once: limits, conflict policy, cut-off", () => {
    const device = new Device();
    device.temperature = 29;
    device.read(29);
    device.request(use({ targetMax: celsius(25), cutOff: celsius(28), conflictSchedule: "device-wins" }));
    expect(inForce(device.state)).toMatchObject({
      limits: { targetMin: 5, targetMax: 25 },
      policy: { schedule: "device-wins", targetTemperature: "cloud-wins" },
    });
    device.run(30);
    expect(device.faults).toContain("hot-room");
  });

  it("bring a set-point back within its limits, as a change of its own, and keep boost and hold", () => {
    const device = new Device();
    device.read(18);
    device.target(28);
    device.request({ kind: "boost", minutes: 30, source: "local" });
    device.events = [];
    device.request(use({ targetMax: celsius(25) }));
    const { values, changes, boostUntil, aim } = inForce(device.state);
    expect([values.targetTemperature, changes.targetTemperature.source, aim]).toEqual([25, "local", 25]);
    expect(boostUntil).toBeDefined();
    expect(device.events).toContainEqual(
      expect.objectContaining({ kind: "changed", name: "targetTemperature", from: 28, to: 25 }),
    );
  });

  it("change a value that follows its setting, until somebody sets it", () => {
    const device = new Device();
    device.request(use({ sensorOffset: kelvin(0.5) }));
    expect(inForce(device.state).values.sensorOffset).toBe(0.5);
    device.request({ kind: "set", name: "sensorOffset", value: kelvin(1), source: "cloud" });
    device.request(use({ sensorOffset: kelvin(-1) }));
    expect(inForce(device.state).values.sensorOffset).toBe(1);
  });

  it("leave everything else as it is: mode, heat, the relay's waiting time", () => {
    const device = new Device();
    device.read(15);
    device.run(400);
    expect(device.heater).toBe(true);
    const { switching } = device.state;
    device.request(use({ dimAfterSeconds: 0 }));
    expect([device.heater, device.state.switching]).toEqual([true, switching]);
    device.request(use({ minimumOnSeconds: 1200 }));
    expect(device.heater).toBe(true);
  });

  it("show the screen in the new unit from that step on", () => {
    const device = new Device();
    device.read(20);
    device.request(use({ displayUnit: "F" }));
    expect(device.screen.unit).toBe("F");
  });
});
