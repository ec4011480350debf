/** When the loop is to come back: each second at the latest, and to the moment when something is due before. */
import { describe, expect, it } from "vitest";
import { celsius } from "../../src/base/units.ts";
import { Device, heating } from "./device.ts";

/** Steps at this time, in which nothing else happens. @returns how long until the next look (ms) */
function lookAt(device: Device, atMs: number): number {
  device.now = atMs;
  device.step();
  return device.wakeAt - device.now;
}

/** Time passes a second at a time, with readings, and ends at this moment. */
function until(device: Device, atMs: number): void {
  while (device.now + 1000 < atMs) device.run(1, 1);
  device.now = atMs;
}

describe("the next look", () => {
  it("is a second away when nothing is due", () => {
    const device = new Device({ dimAfterSeconds: 0 });
    device.read(20);
    expect([lookAt(device, 1300), lookAt(device, 2300)]).toEqual([1000, 1000]);
  });

  it("is when the last reading is a minute old, and the fault is there then", () => {
    const device = new Device({ dimAfterSeconds: 0 });
    device.now = 5000;
    device.read(20);
    expect(lookAt(device, 64_300)).toBe(700);
    expect(device.faults).toEqual([]);
    expect(lookAt(device, 65_000)).toBeLessThanOrEqual(500);
    expect(device.faults).toEqual(["sensor-stale"]);
  });

  it("is when the screen dims", () => {
    const device = new Device({ dimAfterSeconds: 10 });
    expect(lookAt(device, 10_600)).toBe(400);
    expect(device.screen.dimmed).toBe(false);
    expect(lookAt(device, 11_000)).toBe(1000);
    expect(device.screen.dimmed).toBe(true);
  });

  it("is when the minimum on time ends, and the heater goes off then", () => {
    const device = heating({ minimumOnSeconds: 60, dimAfterSeconds: 0 });
    const off = device.now + 60_000;
    device.target(5);
    until(device, off - 300);
    device.step();
    expect([device.wakeAt, device.heater]).toEqual([off, true]);
    device.now = off;
    expect(device.step().heater).toBe(false);
  });

  it("is when a boost ends", () => {
    const device = new Device({ dimAfterSeconds: 0, targetInitial: celsius(10) });
    device.read(20);
    device.request({ kind: "boost", minutes: 1, source: "cloud" });
    const end = device.now + 60_000;
    until(device, end - 250);
    device.step();
    expect([device.wakeAt, device.screen.target]).toEqual([end, 13]);
    device.now = end;
    expect(device.step().screen.target).toBe(10);
  });

  it("is each half second while a fault blinks, each quarter while the device is to be found", () => {
    const device = new Device({ dimAfterSeconds: 0 });
    device.failing = ["display"];
    device.read(20);
    expect([lookAt(device, 2100), lookAt(device, 2500), lookAt(device, 2999)]).toEqual([400, 500, 1]);
    device.failing = [];
    device.request({ kind: "identify", seconds: 1, source: "cloud" });
    const end = device.now + 1000;
    expect([lookAt(device, 3100), lookAt(device, 3250)]).toEqual([150, 250]);
    expect(lookAt(device, end)).toBe(1000);
  });

  it("is soon after a button went down: a hold repeats without another edge", () => {
    const device = new Device({ dimAfterSeconds: 0 });
    device.read(20);
    device.edge("b", true);
    expect(device.wakeAt - device.now).toBe(10);
  });
});
