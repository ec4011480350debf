import { describe, expect, it } from "vitest";
import { celsius, relativeHumidity } from "../../../src/base/units.ts";
import { openHat } from "../../../src/board/open-hat.ts";
import { FoundSensor } from "../../../src/board/sensor/find-sensor.ts";
import { sht40Command } from "../../../src/chips/sht40.ts";
import { Sht31Model } from "../../../src/simulation/chips/sht31.ts";
import { Sht40Model } from "../../../src/simulation/chips/sht40.ts";
import { hatRig } from "../hat-rig.ts";

const kinds = [
  { name: "SHT31", model: Sht31Model },
  { name: "SHT4x", model: Sht40Model },
] as const;

const rigWith = (model: (typeof kinds)[number]["model"]) =>
  hatRig({ sensor: (clock, air) => new model(clock, air) });

describe.each(kinds)("a hat with an $name", ({ name, model }) => {
  it("reads its air, below zero too", async () => {
    const rig = rigWith(model);
    const hat = await openHat(rig);
    rig.air.temperature = celsius(-3.25);
    rig.air.humidity = relativeHumidity(61);
    // The first was begun while the hat opened.
    await rig.clock.run(hat.readSensor());
    const reading = await rig.clock.run(hat.readSensor());
    if (reading.kind !== "ok") throw new Error(`not read: ${reading.reason}`);
    expect(reading.temperature).toBeCloseTo(-3.25, 2);
    expect(reading.humidity).toBeCloseTo(61, 2);
    expect(reading.chip).toEqual({ lowest: -40, highest: 125, frozenAfter: 1_800_000 });
  });

  it("is named with its address, at either of them", async () => {
    for (const address of [0x44, 0x45]) {
      const { clock, virtual } = rigWith(model);
      virtual.bus.unplug(0x44);
      virtual.bus.plug(address, virtual.sensor);
      const sensor = new FoundSensor(virtual.bus, clock);
      expect(sensor.found).toBeUndefined();
      expect(await clock.run(sensor.read())).toMatchObject({ kind: "ok" });
      expect(sensor.found).toEqual({ name, address });
    }
  });

  it("is found where only its second address may be asked, and the bus refuses the first", async () => {
    const { clock, virtual } = rigWith(model);
    virtual.bus.unplug(0x44);
    virtual.bus.plug(0x45, virtual.sensor);
    virtual.bus.inject({ kind: "denied", address: 0x44 });
    expect(await clock.run(new FoundSensor(virtual.bus, clock).read())).toMatchObject({ kind: "ok" });
  });

  it("is asked alone once it is known, and by its own name for what goes wrong", async () => {
    const { clock, virtual } = rigWith(model);
    const sensor = new FoundSensor(virtual.bus, clock);
    await clock.run(sensor.read());
    const { transfers } = virtual.bus.traffic(0x45);
    await clock.run(sensor.read());
    expect(virtual.bus.traffic(0x45).transfers).toBe(transfers);
    const end = virtual.bus.inject({ kind: "bad-crc", address: 0x44 });
    for (let reading = 0; reading < 8; reading++) {
      expect(await clock.run(sensor.read())).toMatchObject({ kind: "failed", reason: "bad-crc" });
    }
    end();
    expect(await clock.run(sensor.read())).toMatchObject({ kind: "ok" });
    expect(sensor.found?.name).toBe(name);
  });
});

describe("a known sensor that fails", () => {
  const failures = async (count: number) => {
    const { clock, virtual } = hatRig();
    const sensor = new FoundSensor(virtual.bus, clock);
    await clock.run(sensor.read());
    const { transfers } = virtual.bus.traffic(0x45);
    virtual.bus.inject({ kind: "bad-crc", address: 0x44 });
    for (let reading = 0; reading < count; reading++) await clock.run(sensor.read());
    return virtual.bus.traffic(0x45).transfers - transfers;
  };

  it("is looked for at other addresses after three failures in a row, and not before", async () => {
    expect(await failures(2)).toBe(0);
    expect(await failures(3)).toBeGreaterThan(0);
  });
});

describe("a sensor that is changed for the other kind under way", () => {
  it.each([
    [kinds[0], kinds[1]],
    [kinds[1], kinds[0]],
  ])("$0.name for $1.name is found within a few readings, and no reading is wrong", async (before, after) => {
    const { clock, air, virtual } = rigWith(before.model);
    const sensor = new FoundSensor(virtual.bus, clock);
    await clock.run(sensor.read());
    await clock.run(sensor.read());
    virtual.bus.plug(
      0x44,
      new after.model(clock, { measureTemperature: () => air.temperature, humidity: () => air.humidity }),
    );
    const seen: string[] = [];
    for (let reading = 0; reading < 8; reading++) {
      const got = await clock.run(sensor.read());
      seen.push(got.kind === "ok" ? "ok" : got.reason);
      // An SHT31's measurement is the heater of an SHT4x: what that measures must never count.
      if (got.kind === "ok") expect(got.temperature).toBeCloseTo(18, 1);
    }
    expect(seen.slice(-3)).toEqual(["ok", "ok", "ok"]);
    expect(sensor.found?.name).toBe(after.name);
  });

  it("finds an SHT4x also if it refuses what it does not know, which its datasheet leaves open", async () => {
    const { clock, virtual } = rigWith(Sht40Model);
    const chip = virtual.sensor;
    const known = new Set(Object.values<number | undefined>(sht40Command));
    const write = (bytes: Uint8Array) => known.has(bytes[0]) && chip.write(bytes);
    virtual.bus.plug(0x44, { write, read: (length) => chip.read(length) });
    const sensor = new FoundSensor(virtual.bus, clock);
    expect(await clock.run(sensor.read())).toMatchObject({ kind: "ok" });
    expect(sensor.found?.name).toBe("SHT4x");
  });

  it("heats no SHT4x while it looks for a sensor", async () => {
    const { clock, virtual } = rigWith(Sht40Model);
    const sensor = new FoundSensor(virtual.bus, clock);
    for (let reading = 0; reading < 3; reading++) await clock.run(sensor.read());
    expect(virtual.sensor).toMatchObject({ heaterPulses: 0, measurements: 3 });
  });
});

describe("what is no sensor", () => {
  it.each([
    ["all zeros", 0x00],
    ["all ones", 0xff],
  ])("and answers %s is a wrong chip after three readings", async (_, byte) => {
    const { clock, virtual } = hatRig();
    virtual.bus.plug(0x44, { write: () => true, read: (length) => new Uint8Array(length).fill(byte) });
    const sensor = new FoundSensor(virtual.bus, clock);
    const reasons: string[] = [];
    for (let reading = 0; reading < 4; reading++) {
      const got = await clock.run(sensor.read());
      reasons.push(got.kind === "ok" ? "ok" : got.reason);
    }
    expect(reasons).toEqual(["bad-crc", "bad-crc", "wrong-chip", "wrong-chip"]);
    expect(sensor.found).toBeUndefined();
  });

  it("is told from an SHT31 on a bad cable, which answers garbled from the start", async () => {
    const { clock, virtual } = hatRig();
    virtual.bus.inject({ kind: "bad-crc", address: 0x44 });
    const sensor = new FoundSensor(virtual.bus, clock);
    for (let reading = 0; reading < 6; reading++) {
      expect(await clock.run(sensor.read())).toMatchObject({ kind: "failed", reason: "bad-crc" });
    }
  });
});
