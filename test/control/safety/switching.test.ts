import { describe, expect, it } from "vitest";
import { type Device, heating } from "../device.ts";

/** Four minutes each way. */
const longTimes = () => heating({ minimumOnSeconds: 240, minimumOffSeconds: 240 });

describe("SR-08: minimum times", () => {
  it("keeps the heater on when the set-point, the mode or the switch changes", () => {
    const device = longTimes();
    device.target(5);
    device.request({ kind: "set", name: "controlMode", value: "manual", source: "cloud" });
    device.run(238);
    expect(device.heater).toBe(true);
    device.run(4);
    expect(device.heater).toBe(false);
  });

  it("keeps it off as long", () => {
    const device = longTimes();
    device.run(240);
    device.target(5);
    device.run(2);
    expect(device.heater).toBe(false);
    device.target(30);
    device.run(236);
    expect(device.heater).toBe(false);
    device.run(4);
    expect(device.heater).toBe(true);
  });

  it("holds the off time even after a safety OFF", () => {
    const device = longTimes();
    device.request({ kind: "set", name: "heaterSwitch", value: true, source: "device" });
    device.request({ kind: "set", name: "controlMode", value: "manual", source: "device" });
    device.run(10);
    device.wait(60);
    device.run(6);
    expect(device.faults).toEqual([]);
    device.run(230);
    expect(device.heater).toBe(false);
    device.run(10);
    expect(device.heater).toBe(true);
  });

  it("waits the whole time after a restart from heating, whatever the wall clock says", () => {
    const device = longTimes();
    device.run(10);
    device.restart(86_400);
    device.run(238);
    expect(device.heater).toBe(false);
    device.run(4);
    expect(device.heater).toBe(true);
  });

  it("waits after a crash with a read-only card too, as the guardian saw the relay on", () => {
    const device = longTimes();
    device.run(10);
    device.relayOffSeconds = 1;
    device.restart(1, null);
    device.target(30);
    device.run(236);
    expect(device.heater).toBe(false);
    device.run(4);
    expect(device.heater).toBe(true);
  });

  it("waits only for the rest when the guardian saw the relay off for longer than the store knows", () => {
    const device = longTimes();
    device.run(10);
    device.relayOffSeconds = 200;
    device.restart(200);
    device.run(36);
    expect(device.heater).toBe(false);
    device.run(4);
    expect(device.heater).toBe(true);
  });

  it("stores what the guardian saw, so that a second restart waits only for the rest as well", () => {
    const device = longTimes();
    device.run(10);
    device.relayOffSeconds = 200;
    device.restart(200);
    device.relayOffSeconds = undefined;
    device.restart(1);
    device.run(30);
    expect(device.heater).toBe(false);
    device.run(12);
    expect(device.heater).toBe(true);
  });

  function off(): Device {
    const device = longTimes();
    device.run(240);
    device.target(5);
    device.run(2);
    expect(device.heater).toBe(false);
    device.target(25);
    return device;
  }

  it.each([
    ["says that a day has passed", 86_400_000],
    ["jumped years ahead", 1e12],
    ["went back", -1e9],
  ])("waits the whole time after a power cut, although the wall clock %s", (_, by) => {
    const device = off();
    device.wallOffset += by;
    device.restart(100);
    device.run(236);
    expect(device.heater).toBe(false);
    device.run(6);
    expect(device.heater).toBe(true);
  });

  it("counts the time off that was seen and stored before the cut", () => {
    const device = off();
    device.target(5);
    device.run(150);
    device.target(25);
    device.step();
    device.restart(1);
    device.run(80);
    expect(device.heater).toBe(false);
    device.run(12);
    expect(device.heater).toBe(true);
  });

  it("is not truncated by a wall clock that was set right before the restart", () => {
    const device = off();
    const revision = device.state.revision;
    device.wallOffset += 1e9;
    device.run(2);
    expect(device.state.revision).toBe(revision + 1);
    device.restart(1);
    device.run(200);
    expect(device.heater).toBe(false);
  });

  it("lets a device that never switched heat at once", () => {
    expect(longTimes().heater).toBe(true);
  });
});
