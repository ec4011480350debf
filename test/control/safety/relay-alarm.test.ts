import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDurable } from "../../../src/control/durable.ts";
import { toDurable } from "../../../src/control/to-durable.ts";
import { Device } from "../device.ts";

const minutes = (count: number) => count * 60;
const alarmOf = (device: Device) => toDurable(device.state).relayAlarm;
const through = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Moves the room by `perMinute` K for so long, with a reading each 10 s. */
function drift(device: Device, perMinute: number, forMinutes: number): void {
  for (let left = forMinutes * 6; left > 0; left--) {
    device.now += 10_000;
    device.read((device.temperature ?? 0) + perMinute / 6);
  }
}

/** The heater is OFF, the set-point far below, and the room warms by 5 K in 25 min as if heated. */
function welded(): Device {
  const device = new Device();
  device.target(8);
  device.read(18);
  device.run(minutes(30), 10);
  drift(device, 0.2, 25);
  expect(device.faults).toEqual(["relay-stuck-on"]);
  return device;
}

describe("SR-06: the alarm of a welded relay", () => {
  it("is written in the step that raises it, and in the step that ends it", () => {
    const device = new Device();
    device.target(8);
    device.read(18);
    device.run(minutes(30), 10);
    const calm = device.state.revision;
    while (device.faults.length === 0) {
      expect(device.state.revision).toBe(calm);
      drift(device, 0.2, 1);
    }
    expect(device.state.revision).toBe(calm + 1);
    expect(alarmOf(device)).toEqual({ from: expect.closeTo(18, 0), peak: expect.closeTo(22, 0) });
    drift(device, -0.2, 25);
    while (device.faults.length > 0) device.run(60, 10);
    expect(device.state.revision).toBe(calm + 2);
    expect(toDurable(device.state)).not.toHaveProperty("relayAlarm");
  });

  it("forbids heat again from the first step after a power cut", () => {
    const device = welded();
    const from = alarmOf(device)?.from;
    expect(from).toBeCloseTo(18, 0);
    device.restart(3600);
    device.target(30);
    device.read();
    expect(device.faults).toEqual(["relay-stuck-on"]);
    device.run(minutes(30), 10);
    expect(device.heater).toBe(false);
    expect(alarmOf(device)).toEqual({ from, peak: 23 });
  });

  it("is not forgotten by any number of power cuts while the room stays warm", () => {
    const cuts = fc.array(fc.record({ runs: fc.integer({ min: 1, max: 70 }), cut: fc.nat(7200) }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(cuts, (lives) => {
        const device = welded();
        device.target(30);
        for (const { runs, cut } of lives) {
          device.restart(cut);
          for (let left = runs; left > 0; left--) {
            device.run(60, 20);
            expect(device.heater).toBe(false);
          }
        }
        expect(device.faults).toEqual(["relay-stuck-on"]);
      }),
      { numRuns: 15 },
    );
  });

  it("ends after a power cut as it does without: when the room has been cool for 45 min", () => {
    const device = welded();
    device.temperature = 18;
    device.restart(8 * 3600);
    device.run(minutes(45), 10);
    expect(device.faults).toEqual(["relay-stuck-on"]);
    device.run(minutes(10), 10);
    expect(device.faults).toEqual([]);
    device.target(25);
    device.run(10);
    expect(device.heater).toBe(true);
  });

  it("ends when a person holds A and B, also over a power cut", () => {
    const device = welded();
    const before = device.state.revision;
    device.edge("a", true);
    device.edge("b", true);
    device.wait(3.1);
    device.edge("a", false);
    device.edge("b", false);
    device.wait(0.5);
    expect(device.faults).toEqual([]);
    expect(device.state.revision).toBeGreaterThan(before);
    device.restart();
    device.read();
    expect(device.faults).toEqual([]);
  });

  it("comes back after a person ended it while the room warms on", () => {
    const device = welded();
    device.request({ kind: "clear-faults", source: "cloud" });
    expect(device.faults).toEqual([]);
    drift(device, 0.2, 25);
    expect(device.faults).toEqual(["relay-stuck-on"]);
  });

  it("can be stored and read back whatever its levels, and nothing else is taken for one", () => {
    const stored = through(toDurable(welded().state)) as object;
    const level = fc.double({ min: -150, max: 250, noNaN: true });
    fc.assert(
      fc.property(level, level, (from, peak) => {
        const credible = from >= -100 && peak >= from && peak <= 200;
        const parsed = parseDurable({ ...stored, relayAlarm: { from, peak } });
        expect(parsed?.relayAlarm).toEqual(credible ? { from, peak } : undefined);
        if (!credible) return;
        const device = new Device();
        device.restart(1, { ...stored, relayAlarm: { from, peak } });
        expect(parseDurable(through(toDurable(device.state)))?.relayAlarm).toBeDefined();
      }),
    );
    for (const wrong of [null, true, [], {}, { from: 18 }, { from: "18", peak: 20 }]) {
      expect(parseDurable({ ...stored, relayAlarm: wrong })).toBeUndefined();
    }
    const { relayAlarm: _none, ...older } = stored as { relayAlarm: unknown };
    expect(parseDurable(older)).toBeDefined();
  });
});
