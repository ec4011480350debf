import { describe, expect, it } from "vitest";
import { celsius, relativeHumidity } from "../../../src/base/units.ts";
import { openHat } from "../../../src/board/open-hat.ts";
import { FoundSensor } from "../../../src/board/sensor/find-sensor.ts";
import { Sht31Model } from "../../../src/simulation/chips/sht31.ts";
import { hatRig } from "../hat-rig.ts";

const kinds = [{ name: "SHT31", model: Sht31Model }] as const;

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
    virtual.bus.disturb({ kind: "denied", address: 0x44 });
    expect(await clock.run(new FoundSensor(virtual.bus, clock).read())).toMatchObject({ kind: "ok" });
  });

  it("is asked alone once it is known, and by its own name for what goes wrong", async () => {
    const { clock, virtual } = rigWith(model);
    const sensor = new FoundSensor(virtual.bus, clock);
    await clock.run(sensor.read());
    const { transfers } = virtual.bus.traffic(0x45);
    await clock.run(sensor.read());
    expect(virtual.bus.traffic(0x45).transfers).toBe(transfers);
    const end = virtual.bus.disturb({ kind: "bad-crc", address: 0x44 });
    for (let reading = 0; reading < 8; reading++) {
      expect(await clock.run(sensor.read())).toMatchObject({ kind: "failed", reason: "bad-crc" });
    }
    end();
    expect(await clock.run(sensor.read())).toMatchObject({ kind: "ok" });
    expect(sensor.found?.name).toBe(name);
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
    virtual.bus.disturb({ kind: "bad-crc", address: 0x44 });
    const sensor = new FoundSensor(virtual.bus, clock);
    for (let reading = 0; reading < 6; reading++) {
      expect(await clock.run(sensor.read())).toMatchObject({ kind: "failed", reason: "bad-crc" });
    }
  });
});
