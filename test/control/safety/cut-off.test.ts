import { describe, expect, it } from "vitest";
import { startCutOff, stepCutOff } from "../../../src/control/safety/cut-off.ts";
import { celsius, kelvin } from "../../../src/control/units.ts";
import { Device, heating } from "../device.ts";

describe("SR-04: the cut-off", () => {
  function hot(): Device {
    const device = heating({ minimumOnSeconds: 240 });
    device.request({ kind: "set-mode", mode: "manual", source: "device" });
    device.request({ kind: "set-heater-switch", on: true, source: "device" });
    for (let at = 18; at <= 35; at += 0.5) {
      device.now += 2000;
      device.read(at);
    }
    return device;
  }

  it("switches OFF at once, within the minimum on time, and says why", () => {
    const device = hot();
    expect(device.heater).toBe(false);
    expect(device.screen.fault).toBe("over-temperature");
    expect(device.events).toContainEqual({ kind: "heater", on: false, reason: "over-temperature" });
    expect(device.state.counters.heaterSeconds).toBeLessThan(240);
  });

  it("stays latched when the room has cooled, and over a restart", () => {
    const device = hot();
    device.temperature = 34;
    device.run(30);
    for (let at = 34; at > 20; at -= 0.5) {
      device.now += 10_000;
      device.read(at);
    }
    device.restart(3600);
    device.events = [];
    device.run(600);
    expect(device.faults).toEqual(["over-temperature"]);
    expect(device.events).toContainEqual(
      expect.objectContaining({
        kind: "fault-raised",
        detail: expect.stringMatching(/^latched before the start/),
      }),
    );
    expect(device.heater).toBe(false);
  });

  it("is cleared by a person, and only below the cut-off", () => {
    const device = hot();
    device.request({ kind: "clear-faults", source: "cloud" });
    expect(device.faults).toEqual(["over-temperature"]);
    expect(device.events.at(-1)).toMatchObject({ kind: "refused", request: "clear-faults" });
    device.temperature = 33.9;
    device.run(6);
    device.request({ kind: "clear-faults", source: "cloud" });
    expect(device.faults).toEqual([]);
  });

  it("is cleared at the device by holding A and B", () => {
    const device = hot();
    device.temperature = 33.9;
    device.run(6);
    device.edge("a", true);
    device.edge("b", true);
    device.wait(3.5, 0.1);
    expect(device.faults).toEqual([]);
  });

  it("is not cleared while readings too fast to be credible go on being hot", () => {
    const device = heating();
    device.run(10);
    device.temperature = 45;
    device.run(6);
    expect(device.faults).toEqual(["over-temperature"]);
    device.request({ kind: "clear-faults", source: "device" });
    expect(device.faults).toEqual(["over-temperature"]);
    expect(device.events.at(-1)).toMatchObject({ reason: expect.stringContaining("newest reading") });
  });

  it("is not cleared without a credible reading", () => {
    const device = hot();
    device.wait(60);
    device.request({ kind: "clear-faults", source: "device" });
    expect(device.faults).toContain("over-temperature");
    expect(device.events.at(-1)).toMatchObject({ reason: expect.stringContaining("no credible reading") });
  });

  it("believes heat that came too fast to be credible when it repeats, and no single spike", () => {
    const device = heating();
    device.run(10);
    for (const [value, faults] of [
      [45, []],
      [18, []],
      [45, []],
      [45, []],
      [45, ["over-temperature"]],
    ] as const) {
      device.now += 2000;
      device.read(value);
      expect(device.faults).toEqual(faults);
    }
  });

  it("judges the calibrated temperature", () => {
    const device = new Device({ sensorOffset: kelvin(-2) });
    device.read(36);
    expect(device.faults).toEqual([]);
    device.now += 10_000;
    device.read(37);
    expect(device.faults).toEqual(["over-temperature"]);
  });

  it("is cleared only a whole kelvin below the cut-off", () => {
    const device = hot();
    for (let at = 34.5; at >= 34; at -= 0.5) {
      device.now += 10_000;
      device.read(at);
      device.request({ kind: "clear-faults", source: "device" });
      expect(device.faults).toEqual(["over-temperature"]);
      expect(device.events.at(-1)).toMatchObject({ reason: expect.stringContaining("must be below 34 °C") });
    }
    device.now += 10_000;
    device.read(33.9);
    device.request({ kind: "clear-faults", source: "device" });
    expect(device.faults).toEqual([]);
  });

  it("does not count a heat that an attempt without a value interrupts", () => {
    const limit = celsius(35);
    const run = (attempts: readonly (readonly ["too-fast" | "void", number | undefined])[]) =>
      attempts.reduce(
        (state, [verdict, value]) =>
          stepCutOff(state, verdict, value === undefined ? undefined : celsius(value), limit),
        startCutOff(false),
      );
    const hotter = ["too-fast", 45] as const;
    expect(run([hotter, hotter, hotter])).toMatchObject({ tripped: true, at: 45 });
    expect(run([hotter, hotter, ["void", undefined], hotter])).toMatchObject({ tripped: false, hotRun: 1 });
    expect(run([hotter, hotter, ["void", 130], hotter])).toMatchObject({ tripped: false, hotRun: 1 });
    expect(run([hotter, hotter, ["too-fast", 3], hotter])).toMatchObject({ tripped: false, hotRun: 1 });
  });
});
