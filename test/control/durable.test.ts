import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { millis } from "../../src/base/units.ts";
import { parseDurable } from "../../src/control/durable.ts";
import { stop } from "../../src/control/step.ts";
import { toDurable } from "../../src/control/to-durable.ts";
import { inForce } from "../../src/control/twin/in-force.ts";
import { Device } from "./device.ts";

const through = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function used(): Device {
  const device = new Device();
  device.target(25);
  device.read(18);
  device.press("mode");
  for (let at = 18; at <= 36; at++) {
    device.now += 10_000;
    device.read(at);
  }
  return device;
}

describe("the durable state", () => {
  it("comes back from JSON as it went", () => {
    const stored = toDurable(used().state);
    expect(stored).toMatchObject({ schema: 1, target: 25, mode: "manual", latched: ["over-temperature"] });
    expect(parseDurable(through(stored))).toEqual(stored);
    const fresh = toDurable(new Device().state);
    expect(parseDurable(through(fresh))).toEqual(fresh);
    expect(fresh).not.toHaveProperty("lastSwitch");
  });

  it("comes back as it went when the end comes between two steps, while the heater is on and a boost runs", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 5000, noNaN: true }), (laterMs) => {
        const device = new Device();
        device.target(25);
        device.read(18);
        device.request({ kind: "boost", minutes: 30, source: "cloud" });
        for (let reading = 0; reading < 3; reading += 1) {
          device.now += 10_000;
          device.read(18);
        }
        expect(device.heater).toBe(true);
        const stored = toDurable(stop(device.state, millis(device.now + laterMs)));
        expect(stored.lastSwitch).toMatchObject({ on: false, offForMs: 0 });
        expect(parseDurable(through(stored))).toEqual(stored);
      }),
    );
  });

  it("restores set-point, mode, switch, counters and who changed them", () => {
    const device = used();
    const before = toDurable(device.state);
    device.restart(10);
    expect(device.state.panel.values).toMatchObject({ targetTemperature: 25, controlMode: "manual" });
    const { lastSwitch: _now, ...after } = toDurable(device.state);
    const { lastSwitch: _then, ...expected } = before;
    expect(after).toEqual(expected);
  });

  it("has had this form since 0.1.0, and keeps it both ways: a firmware that is put back reads what this one wrote", () => {
    const at = 1_764_000_000_000;
    const stored = {
      schema: 1,
      target: 21.5,
      mode: "manual",
      heaterSwitch: true,
      changes: {
        target: { source: "device", wallMs: at, serial: 4, from: 19 },
        mode: { source: "cloud", wallMs: at + 1, serial: 5, from: "auto" },
        heaterSwitch: { source: "device", wallMs: at + 2, serial: 6, from: false },
      },
      sensorOffset: { value: -0.4, change: { source: "cloud", wallMs: at + 3, serial: 7, from: 0 } },
      telemetryInterval: { value: 90, change: { source: "default", wallMs: at, serial: 0 } },
      twin: {
        version: 9,
        properties: { controlMode: { seen: '"manual"', ruling: { kind: "applied", version: 9 } } },
        unknownProperties: { seen: "", version: 0, names: [] },
      },
      counters: { relayCycles: 412, heaterSeconds: 86_400 },
      latched: ["over-temperature"],
      learntRise: 1.25,
    };
    const device = new Device();
    device.restart(1, stored);
    expect(inForce(device.state)).toMatchObject({
      values: {
        targetTemperature: 21.5,
        controlMode: "manual",
        heaterSwitch: true,
        sensorOffset: -0.4,
        telemetryInterval: 90,
      },
      changes: {
        targetTemperature: stored.changes.target,
        controlMode: stored.changes.mode,
        heaterSwitch: stored.changes.heaterSwitch,
        sensorOffset: stored.sensorOffset.change,
      },
      shadow: stored.twin,
    });
    device.step();
    // What came later has a member of its own, which a firmware of before does not look at.
    const { updateDeferral, schedule, awayUntil, setPointHold, ...then } = toDurable(device.state);
    expect(then).toEqual(stored);
    expect(updateDeferral).toMatchObject({ value: 6 });
    expect(schedule).toMatchObject({ value: {} });
    expect([awayUntil?.value, setPointHold?.value]).toEqual(["1970-01-01T00:00:00.000Z", "next-point"]);
  });

  it("is refused when any part is missing or of the wrong kind", () => {
    const stored = through(toDurable(used().state)) as Record<string, unknown>;
    const optional = [
      "lastSwitch",
      "learntRise",
      "sensorOffset",
      "telemetryInterval",
      "updateDeferral",
      "schedule",
      "awayUntil",
      "setPointHold",
      "boost",
      "twin",
    ];
    for (const key of Object.keys(stored)) {
      if (!optional.includes(key)) {
        const { [key]: _gone, ...rest } = stored;
        expect(parseDurable(rest), key).toBeUndefined();
      }
      for (const wrong of [null, "x", Number.NaN, [1, {}], { on: 1 }, 1e99]) {
        if ((key === "latched" && Array.isArray(wrong)) || key === "twin") continue;
        expect(parseDurable({ ...stored, [key]: wrong }), `${key} ${String(wrong)}`).toBeUndefined();
      }
    }
  });

  it("takes every value at the ends of its range, and none beyond", () => {
    const stored = through(toDurable(used().state)) as Record<string, unknown>;
    const by = { source: "device", wallMs: 0 };
    for (const [key, low, high, wrap] of [
      ["target", -100, 100, (value: number) => value],
      ["counters", 0, 1e12, (value: number) => ({ relayCycles: value, heaterSeconds: 0 })],
      ["counters", 0, 1e12, (value: number) => ({ relayCycles: 0, heaterSeconds: value })],
      ["learntRise", 0, 100, (value: number) => value],
      ["sensorOffset", -2.5, 2.5, (value: number) => ({ value, change: by })],
      ["lastSwitch", -8.64e15, 8.64e15, (value: number) => ({ on: true, wallMs: value })],
    ] as const) {
      for (const value of [low, high])
        expect(through(parseDurable({ ...stored, [key]: wrap(value) })), key).toMatchObject({
          [key]: wrap(value),
        });
      for (const value of [low - 1, high * 1.1 + 1, Number.NaN, String(low)])
        expect(parseDurable({ ...stored, [key]: wrap(value as number) }), `${key} ${value}`).toBeUndefined();
    }
  });

  it("takes a change from any source with a plain name, and from a value of a known kind", () => {
    const stored = toDurable(used().state);
    const read = (target: object) =>
      parseDurable({
        ...stored,
        changes: { ...stored.changes, target: { source: "cloud", wallMs: 1, ...target } },
      });
    for (const source of ["default", "device", "cloud", "home-assistant"])
      expect(read({ source })).toBeDefined();
    for (const from of [true, false, "auto", "manual", -1e6, 21.5])
      expect(read({ from })?.changes.target).toEqual({ source: "cloud", wallMs: 1, serial: 0, from });
    for (const wrong of [
      { source: "A thief" },
      { source: "x".repeat(33) },
      { source: "" },
      { source: 1 },
      { from: "x" },
      { from: 2e6 },
      { from: { someday: "06:30 20" } },
    ])
      expect(read(wrong), JSON.stringify(wrong)).toBeUndefined();
    expect(parseDurable({ ...stored, latched: Array(64).fill("x") })?.latched).toEqual([]);
  });

  it("drops codes that are unknown or never latch", () => {
    const stored = through(toDurable(used().state)) as Record<string, unknown>;
    const latched = ["future-fault", "sensor-stale", "over-temperature", 7];
    expect(parseDurable({ ...stored, latched })?.latched).toEqual(["over-temperature"]);
    expect(parseDurable({ ...stored, latched: Array(65).fill("x") })).toBeUndefined();
  });

  it("never throws", () => {
    const trap = new Proxy(
      {},
      {
        get() {
          throw new Error("trap");
        },
      },
    );
    expect(parseDurable(trap)).toBeUndefined();
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(parseDurable(value)).toBeUndefined();
      }),
    );
  });
});
