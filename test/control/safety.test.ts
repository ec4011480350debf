import { describe, expect, it } from "vitest";
import { faultCodes, faultEffects } from "../../src/control/faults.ts";
import { kelvin, millis } from "../../src/control/units.ts";
import { Device } from "./device.ts";

const warm = { target: 25, room: 18 };

/** A device that heats: cold room, high set-point. */
function heating(settings: ConstructorParameters<typeof Device>[0] = {}): Device {
  const device = new Device(settings);
  device.target(warm.target);
  device.read(warm.room);
  expect(device.heater).toBe(true);
  return device;
}

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

describe("SR-01: the relay is OFF before anything is known", () => {
  it("stays OFF without a reading, whatever is asked", () => {
    const device = new Device();
    device.request({ kind: "set-mode", mode: "manual", source: "device" });
    device.request({ kind: "set-heater-switch", on: true, source: "device" });
    expect(device.heater).toBe(false);
    device.read(18);
    expect(device.heater).toBe(true);
  });

  it("is OFF again after a restart, whatever was stored", () => {
    const device = heating();
    device.restart();
    expect(device.step().heater).toBe(false);
  });
});

describe("SR-02: a stale sensor", () => {
  it("takes the heater OFF 60 s after the last good reading, and not before", () => {
    const device = heating();
    device.wait(59.5);
    expect(device.heater).toBe(true);
    device.wait(0.5);
    expect(device.heater).toBe(false);
    expect(device.faults).toEqual(["sensor-stale"]);
    expect(device.screen).toMatchObject({
      temperature: undefined,
      humidity: undefined,
      fault: "sensor-stale",
    });
  });

  it("wakes the loop in time without any input", () => {
    const device = heating();
    const readAt = device.now;
    while (device.heater) {
      device.now = device.wakeAt;
      device.step();
    }
    expect(device.now - readAt).toBe(60_000);
  });

  it("is raised when no reading ever came", () => {
    const device = new Device();
    device.wait(60);
    expect(device.faults).toEqual(["sensor-stale"]);
    expect(device.events.find((event) => event.kind === "fault-raised")).toMatchObject({
      detail: expect.stringContaining("no reading yet"),
    });
  });

  it("ends after three good readings in a row, not after two and a failure", () => {
    const device = heating({ minimumOffSeconds: 10 });
    device.wait(60);
    device.run(4);
    device.temperature = undefined;
    device.run(2);
    device.temperature = 18;
    device.run(4);
    expect(device.faults).toEqual(["sensor-stale"]);
    device.run(2);
    expect(device.faults).toEqual([]);
    expect(device.events).toContainEqual({ kind: "fault-ended", fault: "sensor-stale" });
    device.run(10);
    expect(device.heater).toBe(true);
  });

  it("does not count three good readings that span a silence", () => {
    const device = heating();
    device.wait(60);
    device.run(4);
    device.wait(60);
    device.run(2);
    expect(device.faults).toEqual(["sensor-stale"]);
  });

  it("does not believe a reading that was taken too long ago", () => {
    const device = heating();
    const old = device.reading();
    device.now += 58_000;
    device.step();
    device.step({ reading: { ...old, atMs: millis(device.now - 50_000) } });
    device.wait(52);
    expect(device.faults).toEqual(["sensor-stale"]);
  });

  it("treats a clock that runs backwards as doubt: OFF, and trust is earned anew", () => {
    const device = heating();
    device.run(10);
    device.now -= 86_400_000;
    device.step();
    expect(device.heater).toBe(false);
    expect(device.faults).toEqual(["sensor-stale"]);
    device.run(6);
    expect(device.faults).toEqual([]);
  });
});

describe("SR-03: a reading that cannot be", () => {
  it.each([-20.1, 60.1, 130])("ignores %d °C", (wrong) => {
    const device = new Device();
    device.read(20);
    device.now += 2000;
    device.read(wrong);
    expect(device.screen.temperature).toBe(20);
  });

  it("ignores a spike and goes on", () => {
    const device = heating();
    device.run(10);
    device.now += 2000;
    device.read(28);
    expect(device.screen.temperature).toBe(warm.room);
    device.temperature = warm.room;
    device.run(120);
    expect(device.faults).toEqual([]);
    expect(device.heater).toBe(true);
  });

  it("does not trip on noise of σ 0.2 K, on a 3 kW heater in a closet, or on an open window", () => {
    const device = new Device();
    const wobble = [0.4, -0.5, 0.1, -0.3, 0.6, -0.6];
    for (let second = 0; second < 600; second += 2) {
      device.now += 2000;
      const ramp = second < 300 ? second * 0.073 : (600 - second) * 0.073;
      device.read(10 + ramp + (wobble[(second / 2) % 6] ?? 0));
      expect(Math.abs((device.screen.temperature ?? -99) - (device.temperature ?? 0))).toBeLessThan(0.001);
    }
    expect(device.faults).toEqual([]);
  });

  it("accepts a jump that stays, after the sensor was stale for a while", () => {
    const device = new Device();
    device.run(20);
    device.temperature = 30;
    device.run(62);
    expect(device.faults).toEqual(["sensor-stale"]);
    device.run(60);
    expect(device.faults).toEqual([]);
    expect(device.screen.temperature).toBe(30);
  });

  it("gives up on a sensor whose every second value is absurd", () => {
    const device = heating();
    for (let count = 0; count < 40; count++) {
      device.now += 2000;
      device.read(count % 2 ? 18 : 50);
    }
    expect(device.heater).toBe(false);
    expect(device.faults).toEqual(["sensor-stale"]);
  });

  it("finds a sensor frozen to the last bit after 30 min, and believes it again once it moves", () => {
    const device = heating({ minimumOffSeconds: 10 });
    const frozen = (seconds: number) => {
      for (let left = seconds; left > 0; left -= 10) {
        device.now += 10_000;
        device.step({ reading: device.reading(777) });
      }
    };
    frozen(1800);
    expect(device.faults).toEqual([]);
    frozen(20);
    expect(device.faults).toEqual(["sensor-stuck"]);
    expect(device.heater).toBe(false);
    device.run(4);
    expect(device.faults).toEqual(["sensor-stuck"]);
    device.run(2);
    expect(device.faults).toEqual([]);
  });

  it("does not call a sensor frozen for two equal values half an hour apart", () => {
    const device = new Device();
    device.step({ reading: device.reading(5) });
    device.now += 1_900_000;
    device.step({ reading: device.reading(5) });
    expect(device.faults).toEqual(["sensor-stale"]);
  });
});

describe("SR-04: the cut-off", () => {
  function hot(): Device {
    const device = heating();
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
});

describe("SR-07: the relay's line", () => {
  it.each([false, undefined])("reads %s while ON for 2 s: OFF, and the fault is shown", (level) => {
    const device = heating();
    device.wait(5);
    device.line = () => level;
    device.wait(2);
    expect(device.faults).toEqual([]);
    device.wait(0.5);
    expect(device.heater).toBe(false);
    expect(device.screen.fault).toBe("relay-mismatch");
  });

  it("may differ for a moment", () => {
    const device = heating();
    device.line = (on) => !on;
    device.wait(1.5);
    device.line = (on) => on;
    device.run(60);
    expect(device.faults).toEqual([]);
    expect(device.heater).toBe(true);
  });

  it("is seen when it stays on while OFF is commanded", () => {
    const device = new Device();
    device.read(25);
    device.line = () => true;
    device.wait(3);
    expect(device.faults).toEqual(["relay-mismatch"]);
  });

  it("is trusted again after ten minutes of following", () => {
    const device = heating();
    device.line = () => false;
    device.wait(3);
    device.line = (on) => on;
    device.run(598);
    expect(device.faults).toEqual(["relay-mismatch"]);
    device.run(10);
    expect(device.faults).toEqual([]);
    expect(device.heater).toBe(true);
  });

  it("wakes the loop when the two seconds are over", () => {
    const device = heating();
    device.line = () => false;
    device.now += 500;
    device.step();
    device.now += 1500;
    device.step();
    expect(device.wakeAt).toBe(device.now + 500);
  });
});

describe("SR-08: minimum times", () => {
  it("keeps the heater on when the set-point, the mode or the switch changes", () => {
    const device = heating();
    device.target(5);
    device.request({ kind: "set-mode", mode: "manual", source: "cloud" });
    device.run(238);
    expect(device.heater).toBe(true);
    device.run(4);
    expect(device.heater).toBe(false);
  });

  it("keeps it off as long", () => {
    const device = heating();
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
    const device = heating();
    device.request({ kind: "set-heater-switch", on: true, source: "device" });
    device.request({ kind: "set-mode", mode: "manual", source: "device" });
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
    const device = heating();
    device.run(10);
    device.restart(86_400);
    device.run(238);
    expect(device.heater).toBe(false);
    device.run(4);
    expect(device.heater).toBe(true);
  });

  function off(): Device {
    const device = heating();
    device.run(240);
    device.target(5);
    device.run(2);
    expect(device.heater).toBe(false);
    device.target(25);
    return device;
  }

  it("counts the time without power when the heater was off", () => {
    const device = off();
    device.restart(100);
    device.run(130);
    expect(device.heater).toBe(false);
    device.run(12);
    expect(device.heater).toBe(true);
    const rested = off();
    rested.restart(300);
    expect(rested.read().heater).toBe(true);
  });

  it("waits the whole time when the wall clock went back", () => {
    const device = off();
    device.wallOffset -= 1e9;
    device.restart(100);
    device.run(236);
    expect(device.heater).toBe(false);
    device.run(6);
    expect(device.heater).toBe(true);
  });

  it("is not shortened by a wall clock that was set right before the restart", () => {
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
    expect(heating().heater).toBe(true);
  });
});

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
