import { describe, expect, it } from "vitest";
import { celsius, kelvin } from "../../src/base/units.ts";
import { parseDurable } from "../../src/control/durable.ts";
import type { Request } from "../../src/control/input.ts";
import { toDurable } from "../../src/control/to-durable.ts";
import { inForce } from "../../src/control/twin/in-force.ts";
import { emptyShadow } from "../../src/control/twin/shadow.ts";
import { Device } from "./device.ts";

const boost = (minutes: number): Request => ({ kind: "boost", minutes, source: "cloud" });
const offset = (value: number): Request => ({
  kind: "set",
  name: "sensorOffset",
  value: kelvin(value),
  source: "cloud",
});
const interval = (seconds: number): Request => ({
  kind: "set",
  name: "telemetryInterval",
  value: seconds,
  source: "cloud",
});
const ends = (device: Device) =>
  device.events.flatMap((event) => (event.kind === "boost-ended" ? event.because : []));

describe("a boost", () => {
  it("aims 3 K higher for as long as was asked, and says when it is over", () => {
    const device = new Device();
    device.read(18);
    device.request(boost(2));
    expect(device.screen.target).toBe(22);
    expect(device.state.panel.values.targetTemperature).toBe(19);
    device.run(118);
    expect(device.screen.target).toBe(22);
    device.run(4);
    expect(device.screen.target).toBe(19);
    expect(ends(device)).toEqual(["time"]);
  });

  it("heats a room that is warm enough otherwise, never beyond the highest set-point", () => {
    const device = new Device();
    device.read(20);
    device.run(60);
    expect(device.heater).toBe(false);
    device.request(boost(30));
    device.run(60);
    expect(device.heater).toBe(true);
    device.target(29);
    device.request(boost(30));
    expect(device.screen.target).toBe(30);
  });

  it("is extended, not added to, when it is asked for again", () => {
    const device = new Device();
    device.request(boost(10));
    device.wait(60);
    device.request(boost(10));
    device.request(boost(1));
    device.wait(599, 1);
    expect(device.screen.target).toBe(22);
    device.wait(2);
    expect(device.screen.target).toBe(19);
  });

  it("ends by a press that does nothing else, and the next press moves the set-point", () => {
    const device = new Device();
    device.request(boost(10));
    device.press("a");
    expect(device.screen.target).toBe(19);
    device.press("a");
    expect(device.screen.target).toBe(18.5);
    expect(ends(device)).toEqual(["press"]);
  });

  it.each([
    ["set-point", (device: Device) => device.target(21)],
    ["mode", (device: Device) => device.press("mode")],
    ["request", (device: Device) => device.request(boost(0))],
  ] as const)("ends by a new %s", (because, act) => {
    const device = new Device();
    device.request(boost(10));
    act(device);
    expect(ends(device)).toEqual([because]);
    expect(inForce(device.state).boostUntil).toBeUndefined();
  });

  it("is refused in manual mode and outside 0 to 240 minutes, with a reason", () => {
    const device = new Device();
    for (const minutes of [241, -1, 1.5, Number.NaN]) device.request(boost(minutes));
    device.press("mode");
    device.request(boost(10));
    const reasons = device.events.flatMap((event) => (event.kind === "refused" ? event.reason : []));
    expect(reasons).toEqual([
      "must be 0 to 240 min, not 241",
      "must be 0 to 240 min, not -1",
      "must be a whole number",
      "must be a number",
      "no effect in manual mode, which follows the heater switch; set auto first",
    ]);
    expect(device.state.panel.boost).toBeUndefined();
  });

  it("goes on after a power cut until its time by the wall clock", () => {
    const device = new Device();
    device.request(boost(10));
    device.restart(300);
    device.wait(298, 1);
    expect(device.screen.target).toBe(22);
    device.wait(3);
    expect(device.screen.target).toBe(19);
    device.request(boost(10));
    device.restart(601);
    device.step();
    expect(device.screen.target).toBe(19);
  });

  it("is dropped after a power cut when the clock shows a time before it began", () => {
    const device = new Device();
    device.request(boost(240));
    device.wallOffset -= 3_600_000;
    device.restart(10);
    device.step();
    expect(device.screen.target).toBe(19);
  });

  describe("after a power cut on a Pi whose clock has no battery", () => {
    /** A boost until 19:00, of which an hour is left at 18:00. */
    function cutAt1800(): Device {
      const device = new Device();
      device.request(boost(180));
      device.run(2 * 3600, 10);
      return device;
    }
    /** The clock is behind by so much after the start, in hours. */
    const restart = (device: Device, hoursOff: number, behind: number) => {
      device.wallOffset -= behind * 3_600_000;
      device.restart(hoursOff * 3600);
      device.step();
    };

    it("runs no longer than what was left when it was stored", () => {
      const device = cutAt1800();
      // Six hours later, at midnight; the clock goes on where it was.
      restart(device, 6, 6);
      expect(device.state.panel.boost).toBeDefined();
      device.run(3600 - 20, 10);
      expect(ends(device)).toEqual([]);
      device.run(40, 10);
      expect(ends(device)).toEqual(["time"]);
    });

    it("ends when the clock is set and shows that its time is over", () => {
      const device = cutAt1800();
      restart(device, 6, 6);
      device.wait(30);
      device.wallOffset += 6 * 3_600_000;
      device.step();
      expect(device.state.panel.boost).toBeUndefined();
      expect(ends(device)).toEqual(["time"]);
    });

    it("is dropped when the clock shows a time before it was stored", () => {
      const device = cutAt1800();
      restart(device, 6, 7);
      expect(device.state.panel.boost).toBeUndefined();
    });

    it("goes on over a short cut with a good clock, to the same end, and shows it", () => {
      const device = cutAt1800();
      const until = inForce(device.state).boostUntil;
      restart(device, 0.1, 0);
      expect(inForce(device.state).boostUntil).toBe(until);
      device.run(54 * 60 - 20, 10);
      expect(ends(device)).toEqual([]);
      device.run(40, 10);
      expect(ends(device)).toEqual(["time"]);
    });

    it("was set before the clock was, in 1970: it ends at the start", () => {
      const device = new Device();
      device.wallOffset = 0;
      device.request(boost(180));
      device.wallOffset = 1_800_000_000_000;
      device.restart(10);
      device.step();
      expect(device.state.panel.boost).toBeUndefined();
    });

    it("is not ended by a clock that is set while it runs: how long it ran was seen", () => {
      const device = new Device();
      device.request(boost(180));
      device.wallOffset += 50 * 365 * 86_400_000;
      device.run(3600, 10);
      expect(device.state.panel.boost).toBeDefined();
    });

    it("is taken from older firmware, which stored no more than its two ends", () => {
      const device = cutAt1800();
      const { storedWallMs: _, leftMs: __, ...old } = toDurable(device.state).boost ?? {};
      device.restart(60, { ...JSON.parse(JSON.stringify(toDurable(device.state))), boost: old });
      device.run(59 * 60 - 20, 10);
      expect(ends(device)).toEqual([]);
      device.run(40, 10);
      expect(ends(device)).toEqual(["time"]);
    });
  });

  it("names an end that stands still while the clocks drift, and follows a clock that was set", () => {
    const device = new Device();
    device.request(boost(10));
    const ends = () => (inForce(device.state).boostUntil ?? 0) - device.wallOffset;
    const [first, label] = [ends(), inForce(device.state).boostUntil];
    for (const jitter of [1, -2, 40, -39]) {
      device.wallOffset += jitter;
      device.wait(1);
      expect(inForce(device.state).boostUntil).toBe(label);
    }
    device.wallOffset += 3_600_000;
    device.wait(1);
    expect(ends()).toBeCloseTo(first, -1);
  });

  it("breaks no safety rule", () => {
    const device = new Device();
    device.read(18);
    device.request(boost(60));
    device.wait(61);
    expect(device.faults).toContain("sensor-stale");
    expect(device.heater).toBe(false);
  });
});

describe("the sensor's offset", () => {
  it("goes before the setting, at once and over a power cut", () => {
    const device = new Device({ sensorOffset: kelvin(1) });
    device.read(20);
    expect(device.screen.temperature).toBe(21);
    device.request(offset(-0.5));
    expect(device.screen.temperature).toBe(19.5);
    device.restart(10);
    device.read(20);
    expect(device.screen.temperature).toBe(19.5);
    expect(inForce(device.state).changes.sensorOffset).toMatchObject({ source: "cloud", from: 1 });
  });

  it("follows the settings while nobody has chosen one", () => {
    const device = new Device({ sensorOffset: kelvin(1) });
    const stored = JSON.parse(JSON.stringify(toDurable(device.state)));
    const other = new Device({ sensorOffset: kelvin(2) });
    other.restart(1, stored);
    expect(inForce(other.state).values.sensorOffset).toBe(2);
  });

  it("is refused outside ±2.5 K", () => {
    const device = new Device();
    device.request(offset(2.6));
    device.request(offset(-2.51));
    expect(device.state.panel.values.sensorOffset).toBe(0);
    expect(device.events.map((event) => event.kind)).toEqual(["refused", "refused"]);
  });

  it("never looks like a room that warms or cools", () => {
    const device = new Device();
    device.request({ kind: "set", name: "controlMode", value: "manual", source: "cloud" });
    for (let hour = 0; hour < 3; hour++) {
      for (const value of [-2.5, 0, 2.5]) {
        device.request(offset(value));
        device.run(1200, 15);
      }
    }
    expect(device.events.filter((event) => event.kind === "fault-raised")).toEqual([]);
  });

  it("moves the law's memory of the room along", () => {
    const device = new Device();
    device.run(600);
    device.request(offset(2));
    expect(device.state.law.state.filter?.smooth).toBeCloseTo(22, 6);
  });
});

describe("the telemetry interval", () => {
  it("is kept, with who chose it, over a power cut", () => {
    const device = new Device();
    expect(inForce(device.state).values.telemetryInterval).toBe(60);
    device.request(interval(300));
    for (const wrong of [4, 86_401, 7.5]) device.request(interval(wrong));
    device.restart(1);
    expect(inForce(device.state).values.telemetryInterval).toBe(300);
    expect(inForce(device.state).changes.telemetryInterval.source).toBe("cloud");
    expect(device.events.map((event) => event.kind)).toEqual(["changed", "refused", "refused", "refused"]);
  });
});

describe("identify", () => {
  it("blinks the LED and the screen twice a second, for as long as was asked", () => {
    const device = new Device();
    device.read(20);
    device.request({ kind: "identify", seconds: 2, source: "cloud" });
    const seen: string[] = [];
    for (let looks = 0; looks < 9; looks++) {
      device.now = device.wakeAt;
      const { statusLed, screen } = device.step();
      seen.push(`${statusLed ? "lit" : "dark"}, ${screen.dimmed ? "dim" : "bright"}`);
    }
    expect(seen.slice(0, 7)).toEqual([
      "dark, dim",
      "lit, bright",
      "dark, dim",
      "lit, bright",
      "dark, dim",
      "lit, bright",
      "dark, dim",
    ]);
    expect(seen[8]).toBe("lit, bright");
  });

  it("is refused when it would go on for hours", () => {
    const device = new Device();
    device.request({ kind: "identify", seconds: 3600, source: "cloud" });
    expect(device.state.identifyUntil).toBeUndefined();
    expect(device.events).toEqual([
      { kind: "refused", request: "identify", reason: "must be 1 to 300 s, not 3600" },
    ]);
  });
});

describe("a change", () => {
  it("is numbered across all values, and remembers what was there before", () => {
    const device = new Device();
    device.target(21);
    device.request({ kind: "set", name: "controlMode", value: "manual", source: "device" });
    device.target(21);
    const { changes } = inForce(device.state);
    expect(changes.targetTemperature).toMatchObject({ source: "cloud", serial: 3, from: 21 });
    expect(changes.controlMode).toMatchObject({ source: "device", serial: 2, from: "auto" });
    expect(changes.heaterSwitch).toMatchObject({ source: "default", serial: 0 });
  });

  it("of a held button begins where the press found the set-point", () => {
    const device = new Device();
    device.press("b", 3000);
    const { values, changes } = inForce(device.state);
    expect(values.targetTemperature).toBeGreaterThan(21);
    expect(changes.targetTemperature.from).toBe(19);
  });
});

describe("the stored state", () => {
  it("of the first firmware is understood, with defaults for what it lacks", () => {
    const device = new Device();
    device.target(21);
    const { sensorOffset, telemetryInterval, twin, ...old } = toDurable(device.state);
    const { target, mode, heaterSwitch } = old.changes;
    const changes = Object.fromEntries(
      Object.entries({ target, mode, heaterSwitch }).map(([key, { source, wallMs }]) => [
        key,
        { source, wallMs },
      ]),
    );
    device.restart(1, { ...old, changes });
    expect(device.state.panel.values).toMatchObject({
      targetTemperature: 21,
      telemetryInterval: 60,
      sensorOffset: 0,
    });
    expect(inForce(device.state).changes.targetTemperature).toMatchObject({ source: "cloud", serial: 0 });
    expect(device.state.twin).toEqual(emptyShadow);
  });

  it("keeps the twin's shadow in the same write as the value that came with it", () => {
    const device = new Device();
    const before = device.state.revision;
    const shadow = { ...emptyShadow, version: 7 };
    device.step({
      requests: [
        { kind: "set", name: "targetTemperature", value: celsius(22), source: "cloud" },
        { kind: "store-shadow", shadow, source: "cloud" },
      ],
    });
    expect(device.state.revision).toBe(before + 1);
    const stored = JSON.parse(JSON.stringify(toDurable(device.state)));
    expect(parseDurable(stored)).toMatchObject({ target: 22, twin: { version: 7 } });
    expect(parseDurable({ ...stored, twin: "garbage" })).toMatchObject({ target: 22, twin: emptyShadow });
  });
});
