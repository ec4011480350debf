import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { celsius, millis, relativeHumidity } from "../../../src/base/units.ts";
import { Sht31 } from "../../../src/chips/sht31.ts";
import { checksum, Sht31Model, sht31Status } from "../../../src/simulation/chips/sht31.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { VirtualBus } from "../../../src/simulation/virtual-hat/virtual-bus.ts";

const address = 0x44;
let clock: VirtualClock;
let air: { temperature: number; humidity: number };
let model: Sht31Model;
let bus: VirtualBus;

beforeEach(() => {
  clock = new VirtualClock();
  air = { temperature: 20, humidity: 50 };
  model = new Sht31Model(clock, {
    measureTemperature: () => celsius(air.temperature),
    humidity: () => relativeHumidity(air.humidity),
  });
  // Transfers without a duration, so that the instants below are exact.
  bus = new VirtualBus(clock, { speed: Number.POSITIVE_INFINITY });
  bus.plug(address, model);
});

const send = (...bytes: number[]) => clock.run(bus.write(address, Uint8Array.from(bytes)));
const receive = async (length: number) => [...(await clock.run(bus.read(address, length)))];
const wait = (ms: number) => clock.advance(millis(ms));
async function status(): Promise<number> {
  await wait(1);
  await send(0xf3, 0x2d);
  const [high = 0, low = 0, crc] = await receive(3);
  expect(crc).toBe(checksum([high, low]));
  return (high << 8) | low;
}

describe("the SHT31 model", () => {
  it("computes the datasheet's example checksum: BEEF gives 92", () => {
    expect(checksum([0xbe, 0xef])).toBe(0x92);
  });

  it.each([
    { temperature: -45, humidity: 0, bytes: [0x00, 0x00, 0x81, 0x00, 0x00, 0x81] },
    { temperature: 130, humidity: 100, bytes: [0xff, 0xff, 0xac, 0xff, 0xff, 0xac] },
    { temperature: 42.5, humidity: 50, bytes: [0x80, 0x00, 0xa2, 0x80, 0x00, 0xa2] },
  ])("says $temperature °C and $humidity % as the datasheet's formulas do", async ({ bytes, ...wanted }) => {
    air = wanted;
    await send(0x24, 0x00);
    await wait(15);
    expect(await receive(6)).toEqual(bytes);
  });

  it.each([
    { name: "high", low: 0x00, ms: 15 },
    { name: "medium", low: 0x0b, ms: 6 },
    { name: "low", low: 0x16, ms: 4 },
  ])("has no answer before the longest time of a $name repeatability measurement", async ({ low, ms }) => {
    await send(0x24, low);
    await wait(ms - 0.1);
    await expect(receive(6)).rejects.toMatchObject({ code: "nack" });
    await wait(0.1);
    expect(await receive(6)).toHaveLength(6);
  });

  it("gives an answer once, and none without a command", async () => {
    await expect(receive(6)).rejects.toMatchObject({ code: "nack" });
    await send(0x24, 0x00);
    await wait(15);
    await receive(6);
    await expect(receive(6)).rejects.toMatchObject({ code: "nack" });
  });

  it("listens to nothing but the break while it measures", async () => {
    await send(0x24, 0x00);
    await wait(5);
    await expect(send(0x24, 0x00)).rejects.toMatchObject({ code: "nack" });
    await wait(1);
    await send(0x30, 0x93);
    await wait(1);
    await send(0x24, 0x16);
    await wait(4);
    expect(await receive(6)).toHaveLength(6);
  });

  it("refuses commands that follow each other by less than a millisecond", async () => {
    await send(0x30, 0x41);
    await wait(0.9);
    await expect(send(0x30, 0x41)).rejects.toMatchObject({ code: "nack" });
  });

  it("reports the reset, forgets it when told to, and reports the next one", async () => {
    expect(await status()).toBe(0x8010);
    await wait(1);
    await send(0x30, 0x41);
    expect(await status()).toBe(0);
    await wait(1);
    await send(0x30, 0xa2);
    await wait(0.5);
    await expect(send()).rejects.toMatchObject({ code: "nack" });
    await wait(1);
    expect((await status()) & sht31Status.resetDetected).not.toBe(0);
  });

  it("marks a command that it does not know, until the next good one", async () => {
    await send(0x12, 0x34);
    expect(model.status & sht31Status.commandFailed).not.toBe(0);
    await wait(1);
    await send(0x24);
    expect(model.status & sht31Status.commandFailed).not.toBe(0);
    await wait(1);
    await send(0x30, 0x41);
    expect(await status()).toBe(0);
  });

  it.each([
    { name: "a measurement", words: [[0x24, 0x16]] },
    {
      name: "the break that ends one",
      words: [
        [0x24, 0x00],
        [0x30, 0x93],
      ],
    },
    { name: "a soft reset", words: [[0x30, 0xa2]] },
    { name: "its heater on", words: [[0x30, 0x6d]] },
    { name: "its heater off", words: [[0x30, 0x66]] },
    { name: "its status", words: [[0xf3, 0x2d]] },
    { name: "its status cleared", words: [[0x30, 0x41]] },
  ])("knows the command for $name, and does not mark it as failed", async ({ words }) => {
    for (const bytes of words) {
      await send(...bytes);
      await wait(1);
    }
    expect(model.status & sht31Status.commandFailed).toBe(0);
  });

  it("reads warm by 3 K while its heater is on", async () => {
    const temperature = async () => {
      await wait(1);
      await send(0x24, 0x16);
      await wait(4);
      const [high = 0, low = 0] = await receive(6);
      return -45 + (175 * ((high << 8) | low)) / 65535;
    };
    await send(0x30, 0x6d);
    expect((await status()) & sht31Status.heaterOn).not.toBe(0);
    expect(await temperature()).toBeCloseTo(23, 2);
    await wait(1);
    await send(0x30, 0x66);
    expect((await status()) & sht31Status.heaterOn).toBe(0);
    expect(await temperature()).toBeCloseTo(20, 2);
  });

  it("is read by the driver to within its resolution, whatever the air", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: -44, max: 129, noNaN: true }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        async (temperature, humidity) => {
          air = { temperature, humidity };
          const reading = await clock.run(new Sht31(bus, clock).measure());
          if (reading.kind !== "ok") throw new Error(`not read: ${reading.reason}`);
          expect(Math.abs(reading.temperature - temperature)).toBeLessThan(175 / 65535);
          expect(Math.abs(reading.humidity - humidity)).toBeLessThan(100 / 65535);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("gives the same bits for ever when stuck, and new ones once fixed", async () => {
    const sensor = new Sht31(bus, clock);
    const raw = async () => {
      const reading = await clock.run(sensor.measure());
      return reading.kind === "ok" ? reading.raw.temperature : reading.reason;
    };
    const before = await raw();
    model.defect = "stuck";
    air.temperature = 25;
    expect([await raw(), await raw()]).toEqual([before, before]);
    model.defect = "none";
    expect(await raw()).not.toBe(before);
  });

  it("acknowledges and never answers when silent, through a soft reset, and comes back once fixed", async () => {
    const sensor = new Sht31(bus, clock);
    model.defect = "silent";
    await send(0x30, 0xa2);
    // Never an answer: after three measurements the driver says that this is no SHT31.
    for (const reason of ["nack", "nack", "wrong-chip", "wrong-chip"]) {
      expect(await clock.run(sensor.measure())).toMatchObject({ kind: "failed", reason });
    }
    model.defect = "none";
    expect(await clock.run(sensor.measure())).toMatchObject({ kind: "ok" });
  });

  it("forgets everything in a power cut", async () => {
    await send(0x30, 0x41);
    await wait(1);
    await send(0x24, 0x16);
    await wait(10);
    model.powerUp();
    await wait(2);
    await expect(receive(6)).rejects.toMatchObject({ code: "nack" });
    expect(await status()).toBe(0x8010);
  });
});
