import { describe, expect, it } from "vitest";
import { faultCodes, faultEffects } from "../../src/control/faults.ts";
import { Device, heating } from "./device.ts";

describe("the fault table", () => {
  it("fits the screen and tells what to do", () => {
    for (const code of faultCodes) {
      expect(faultEffects[code].short.length, code).toBeLessThanOrEqual(16);
      expect(faultEffects[code].remedy, code).toMatch(/\.$/);
    }
  });

  it("ranks every fault that forbids heat above those that do not", () => {
    const forbids = faultCodes.map((code) => faultEffects[code].heaterOff);
    expect(forbids).toEqual([...forbids].sort((a, b) => Number(b) - Number(a)));
  });
});

describe("SR-11: parts that fail", () => {
  it("are shown and stop nothing", () => {
    const device = heating();
    device.ailing = ["display", "buttons", "storage", "cloud"];
    device.run(10);
    expect(device.heater).toBe(true);
    expect(device.screen).toMatchObject({ fault: "storage-failed", faultCount: 4 });
    device.ailing = [];
    device.run(2);
    expect(device.faults).toEqual([]);
  });

  it("include a button that is held for a minute", () => {
    const device = new Device();
    device.edge("a", true);
    device.run(62);
    expect(device.faults).toEqual(["buttons-failed"]);
    expect(device.events).toContainEqual(
      expect.objectContaining({ fault: "buttons-failed", detail: expect.stringContaining("button a") }),
    );
  });
});
