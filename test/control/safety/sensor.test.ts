import { describe, expect, it } from "vitest";
import { celsius, millis } from "../../../src/base/units.ts";
import { Device, heating } from "../device.ts";

describe("SR-01: the relay is OFF before anything is known", () => {
  it("stays OFF without a reading, whatever is asked", () => {
    const device = new Device();
    device.request({ kind: "set", name: "controlMode", value: "manual", source: "device" });
    device.request({ kind: "set", name: "heaterSwitch", value: true, source: "device" });
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

  it("is counted from the first reading, however late that came", () => {
    const device = new Device();
    device.wait(55);
    device.read(20);
    device.wait(59);
    expect(device.faults).toEqual([]);
    device.wait(1);
    expect(device.faults).toEqual(["sensor-stale"]);
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
    expect(device.events.map(({ kind }) => kind)).not.toContain("fault-ended");
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

  it("treats a clock that runs backwards as doubt: OFF, and trust is earned again", () => {
    const device = heating();
    device.run(10);
    device.now -= 86_400_000;
    device.step();
    expect(device.heater).toBe(false);
    expect(device.events.at(-2)).toMatchObject({ detail: expect.stringContaining("clock ran backwards") });
    expect(device.faults).toEqual(["sensor-stale"]);
    device.run(6);
    expect(device.faults).toEqual([]);
  });
});

describe("SR-03: a reading that cannot be", () => {
  it.each([-40.1, 125.1, 130])("ignores %d °C", (wrong) => {
    const device = new Device();
    device.read(20);
    device.now += 2000;
    device.read(wrong);
    expect(device.screen.temperature).toBe(20);
  });

  it.each([
    [-40.1, undefined],
    [-40, -40],
    [125, 125],
    [125.1, undefined],
  ])("at the very first: %d °C shows as %s", (first, shown) => {
    const device = new Device();
    device.read(first);
    expect(device.screen.temperature).toBe(shown);
  });

  it.each([-20.1, -30, -39.9])(
    "takes deep cold for cold: at %d °C a healthy sensor goes on, and frost protection heats",
    (cold) => {
      const device = new Device();
      device.target(5);
      for (let at = 2; at > cold; at -= 0.5) {
        device.now += 10_000;
        device.read(at);
      }
      device.now += 10_000;
      device.read(cold);
      device.run(120);
      expect(device.faults).toEqual([]);
      expect(device.screen.temperature).toBe(cold);
      expect(device.heater).toBe(true);
    },
  );

  it("judges by the range of the chip that is there, and names it", () => {
    const device = new Device();
    const reading = device.reading();
    if (reading.kind !== "ok") throw new Error("the sensor answers");
    device.step({
      reading: { ...reading, chip: { ...reading.chip, lowest: celsius(-10), highest: celsius(19.9) } },
    });
    expect(device.screen.temperature).toBeUndefined();
    device.wait(60);
    expect(device.events.find(({ kind }) => kind === "fault-raised")).toMatchObject({
      detail: expect.stringContaining("20.0 °C is outside the sensor's range of -10 to 19.9 °C"),
    });
  });

  it("does not renew the trust of a sensor whose every second value is out of range", () => {
    const device = heating();
    for (let count = 0; count < 40; count++) {
      device.now += 2000;
      device.read(count % 2 ? 18 : 130);
    }
    expect(device.faults).toEqual(["sensor-stale"]);
  });

  it("ignores a spike and goes on", () => {
    const device = heating();
    device.run(10);
    device.now += 2000;
    device.read(28);
    expect(device.screen.temperature).toBe(18);
    device.temperature = 18;
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

  it("calls a chip frozen by what the chip says of itself: sooner, or never where its steps are coarse", () => {
    for (const [frozenAfter, faults] of [
      [millis(300_000), ["sensor-stuck"]],
      [undefined, []],
    ] as const) {
      const device = heating();
      for (let left = 3000; left > 0; left -= 10) {
        device.now += 10_000;
        const reading = device.reading(777);
        if (reading.kind !== "ok") throw new Error("the sensor answers");
        device.step({ reading: { ...reading, chip: { ...reading.chip, frozenAfter } } });
        if (left === 2710) expect(device.faults).toEqual([]);
      }
      expect(device.faults).toEqual(faults);
    }
  });

  it("does not call a sensor frozen for half an hour of few readings, each within a minute of the last", () => {
    const device = new Device();
    const seen: (readonly string[])[] = [];
    for (let count = 1; count <= 33; count++) {
      device.now += 59_000;
      device.step({ reading: device.reading(5) });
      seen[count] = device.faults;
    }
    // The first 30 min after it was seen first: (count − 1) × 59 s.
    expect(seen[31]).toEqual([]);
    expect(seen[32]).toEqual(["sensor-stuck"]);
  });

  it("does not call a sensor frozen for two equal values half an hour apart", () => {
    const device = new Device();
    device.step({ reading: device.reading(5) });
    device.now += 1_900_000;
    device.step({ reading: device.reading(5) });
    expect(device.faults).toEqual(["sensor-stale"]);
  });
});
