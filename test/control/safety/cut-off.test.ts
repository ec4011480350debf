import { describe, expect, it } from "vitest";
import { celsius, kelvin, millis, wallMillis } from "../../../src/base/units.ts";
import { startCutOff, stepCutOff } from "../../../src/control/safety/cut-off.ts";
import { start } from "../../../src/control/step.ts";
import { toDurable } from "../../../src/control/to-durable.ts";
import { Device, heating } from "../device.ts";

describe("SR-04: the cut-off", () => {
  function hot(): Device {
    const device = heating({ minimumOnSeconds: 240 });
    device.request({ kind: "set", name: "controlMode", value: "manual", source: "device" });
    device.request({ kind: "set", name: "heaterSwitch", value: true, source: "device" });
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
    expect(device.faults).toEqual(["over-temperature"]);
    device.edge("a", false);
    device.edge("b", false);
    device.wait(0.1);
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
    expect(device.faults).toEqual(["hot-room"]);
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
      attempts.reduce((state, [verdict, value]) => {
        const temperature = value === undefined ? undefined : celsius(value);
        return stepCutOff(state, { verdict, temperature, cutOff: limit, heaterMayBeCause: true });
      }, startCutOff(false));
    const hotter = ["too-fast", 45] as const;
    expect(run([hotter, hotter, hotter])).toMatchObject({ tripped: true, at: 45 });
    expect(run([hotter, hotter, ["void", undefined], hotter])).toMatchObject({ tripped: false, hotRun: 1 });
    expect(run([hotter, hotter, ["void", 130], hotter])).toMatchObject({ tripped: false, hotRun: 1 });
    expect(run([hotter, hotter, ["too-fast", 3], hotter])).toMatchObject({ tripped: false, hotRun: 1 });
  });
});

describe("SR-04: a room that is hot without the heater", () => {
  /** Slowly enough to be believed. */
  function drift(device: Device, to: number): void {
    let at = device.temperature ?? to;
    for (const direction = Math.sign(to - at); at !== to; ) {
      at = direction > 0 ? Math.min(to, at + 0.5) : Math.max(to, at - 0.5);
      device.now += 10_000;
      device.read(at);
    }
    device.run(20);
  }

  it("forbids heat while it lasts, is shown, and needs nobody: frost protection is there in winter", () => {
    const device = new Device({ modeInitial: "manual", frostInManual: true });
    device.request({ kind: "set", name: "heaterSwitch", value: true, source: "cloud" });
    device.request({ kind: "set", name: "heaterSwitch", value: false, source: "cloud" });
    device.read(30);
    drift(device, 36);
    expect(device.screen).toMatchObject({ fault: "hot-room", heating: false });
    device.request({ kind: "set", name: "heaterSwitch", value: true, source: "cloud" });
    device.run(600);
    expect(device.heater).toBe(false);
    device.request({ kind: "set", name: "heaterSwitch", value: false, source: "cloud" });
    drift(device, 4);
    expect(device.faults).toEqual([]);
    expect(device.heater).toBe(true);
    expect(device.events).toContainEqual(
      expect.objectContaining({
        kind: "fault-raised",
        fault: "hot-room",
        detail: expect.stringMatching(/^35\.\d °C/),
      }),
    );
  });

  it("ends a whole kelvin below the cut-off, so that it does not come and go", () => {
    const device = new Device();
    device.read(34.5);
    drift(device, 35);
    drift(device, 34);
    expect(device.faults).toEqual(["hot-room"]);
    drift(device, 33.9);
    expect(device.faults).toEqual([]);
  });

  it("does not end by one value that came too fast to be credible", () => {
    const device = new Device();
    device.read(35);
    device.now += 2000;
    device.read(20);
    expect(device.faults).toEqual(["hot-room"]);
  });

  /** Heats, then is off for so many hours, then it is hot. */
  function hotAfter(hoursOff: number, cutAfter?: number): Device {
    const device = heating();
    device.run(300);
    device.target(5);
    device.run(120);
    expect(device.heater).toBe(false);
    device.run((cutAfter ?? hoursOff) * 3600, 15);
    if (cutAfter !== undefined) {
      device.restart(3600);
      device.read();
      device.run((hoursOff - cutAfter) * 3600, 15);
    }
    drift(device, 35);
    return device;
  }
  /** The same rise without a heater is also SR-06's business. */
  const faultsOf = ({ faults }: Device) => faults.filter((code) => code !== "relay-stuck-on");

  it.each([
    [5.8, "over-temperature"],
    [6.1, "hot-room"],
  ])("%d h after it heated: %s", (hoursOff, fault) => {
    expect(faultsOf(hotAfter(hoursOff))).toEqual([fault]);
  });

  it.each([
    ["just after a power cut in which a year passed by the clock", 0.1, 0, "over-temperature"],
    ["six hours after that power cut", 6.2, 0, "hot-room"],
    ["6.5 h after it heated, with a power cut after 4.5 h", 6.8, 4.5, "hot-room"],
    ["4.5 h after it heated, with a power cut after 2 h", 4.5, 2, "over-temperature"],
    ["a moment after a power cut, when it had been off for seven hours before", 7.1, 7, "hot-room"],
  ])("%s: no clock is believed, only what was seen", (_, hoursOff, cutAfter, fault) => {
    expect(faultsOf(hotAfter(hoursOff, cutAfter))).toEqual([fault]);
  });

  it("is latched when the relay's line does not follow: it may have been on at any time", () => {
    const device = new Device();
    device.read(34.5);
    device.line = () => true;
    device.wait(3);
    device.now += 10_000;
    device.read(35);
    expect(device.faults).toEqual(["over-temperature", "relay-mismatch"]);
  });

  it("is latched when the stored state was lost: nobody knows when it heated", () => {
    const device = new Device();
    const conditions = { nowMs: millis(device.now), wallMs: wallMillis(0), firmware: "1", stateLost: true };
    device.state = start(device.settings, undefined, conditions);
    device.read(35);
    expect(device.faults).toContain("over-temperature");
  });

  it("writes the hours off six times, and then no more", () => {
    const device = heating();
    device.run(300);
    device.target(5);
    device.run(120);
    const before = device.state.revision;
    device.run(12 * 3600, 15);
    expect(device.state.revision).toBe(before + 6);
    expect(toDurable(device.state).lastSwitch).toMatchObject({ on: false, offForMs: 6 * 3_600_000 });
  });
});
