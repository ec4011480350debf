import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { celsius, millis, relativeHumidity } from "../../src/base/units.ts";
import { Sht40, sht40Command } from "../../src/chips/sht40.ts";
import { Sht40Model } from "../../src/simulation/chips/sht40.ts";
import { VirtualClock } from "../../src/simulation/time/virtual-clock.ts";
import { VirtualBus } from "../../src/simulation/virtual-hat/virtual-bus.ts";
import { type Mishap, TestBus } from "./test-bus.ts";
import { TestClock } from "./test-clock.ts";

const address = 0x44;
/** Sensirion's own example (SHT4x datasheet, 4.4): BEEF gives 92. */
const beef = [0xbe, 0xef, 0x92];

let clock: VirtualClock;
let air: { temperature: number; humidity: number };
let model: Sht40Model;
let bus: VirtualBus;
let driver: Sht40;

beforeEach(() => {
  clock = new VirtualClock();
  air = { temperature: 20, humidity: 50 };
  model = new Sht40Model(clock, {
    measureTemperature: () => celsius(air.temperature),
    humidity: () => relativeHumidity(air.humidity),
  });
  bus = new VirtualBus(clock, { speed: Number.POSITIVE_INFINITY });
  bus.plug(address, model);
  driver = new Sht40(bus, clock);
});

const send = (...bytes: number[]) => clock.run(bus.write(address, Uint8Array.from(bytes)));
const receive = async (length: number) => [...(await clock.run(bus.read(address, length)))];

describe("the SHT40 driver", () => {
  it("resets the chip and asks for its serial number once, then measures with one command each", async () => {
    const written: string[] = [];
    const scripted = new TestBus();
    scripted.devices.set(address, {
      write: (bytes) => void written.push(Buffer.from(bytes).toString("hex")),
      read: () => Uint8Array.from([...beef, ...beef]),
    });
    const time = new TestClock();
    const sensor = new Sht40(scripted, time);
    expect(await time.run(sensor.measure())).toMatchObject({
      kind: "ok",
      temperature: -45 + (175 * 0xbeef) / 65535,
      humidity: -6 + (125 * 0xbeef) / 65535,
      raw: { temperature: 0xbeef, humidity: 0xbeef },
    });
    await time.run(sensor.measure("medium"));
    await time.run(sensor.measure("low"));
    expect(written).toEqual(["94", "89", "fd", "f6", "e0"]);
  });

  it("is right to within its resolution, whatever the air, and never beyond 0 to 100 %", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: -44, max: 129, noNaN: true }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.constantFrom("high", "medium", "low"),
        async (temperature, humidity, repeatability) => {
          air = { temperature, humidity };
          const reading = await clock.run(driver.measure(repeatability));
          if (reading.kind !== "ok") throw new Error(`not read: ${reading.reason}`);
          expect(Math.abs(reading.temperature - temperature)).toBeLessThan(175 / 65535);
          expect(Math.abs(reading.humidity - humidity)).toBeLessThan(125 / 65535);
          expect(reading.humidity).toBeGreaterThanOrEqual(0);
          expect(reading.humidity).toBeLessThanOrEqual(100);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("says 100 % and 0 % where the code goes beyond", async () => {
    for (const [code, percent] of [
      [[0xff, 0xff, 0xac], 100],
      [[0x00, 0x00, 0x81], 0],
    ] as const) {
      const scripted = new TestBus();
      scripted.devices.set(address, { write() {}, read: () => Uint8Array.from([...beef, ...code]) });
      const time = new TestClock();
      expect(await time.run(new Sht40(scripted, time).measure())).toMatchObject({ humidity: percent });
    }
  });

  it("has no command that one flipped bit turns into a heater's", () => {
    const heaters = [0x39, 0x32, 0x2f, 0x24, 0x1e, 0x15];
    for (const command of Object.values(sht40Command)) {
      for (let bit = 0; bit < 8; bit++) expect(heaters).not.toContain(command ^ (1 << bit));
    }
  });

  it("reads nothing that was measured while somebody else's heater pulse ran", async () => {
    await clock.run(driver.measure());
    await send(0x39);
    for (let reading = 0; reading < 3; reading++) {
      const got = await clock.run(driver.measure());
      if (got.kind === "ok") expect(got.temperature).toBeCloseTo(20, 1);
    }
    await clock.advance(millis(1200));
    expect(await clock.run(driver.measure())).toMatchObject({ kind: "ok" });
  });

  it("whatever fails and however often, measure() settles in bounded time and the next good answer is read", async () => {
    const mishap = fc.constantFrom<(Mishap | undefined)[]>(
      ...(["nack", "timeout", "io", "busy", "absent", "denied", "hang", "throw", undefined] as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(mishap, { maxLength: 60 }), fc.nat(12), async (mishaps, calls) => {
        const scripted = new TestBus();
        scripted.devices.set(address, { write() {}, read: () => Uint8Array.from([...beef, ...beef]) });
        const time = new TestClock();
        const sensor = new Sht40(scripted, time);
        const script = [...mishaps];
        scripted.mishap = () => script.shift();
        for (let call = 0; call < calls; call++) {
          const started = time.now();
          const reading = await time.run(sensor.measure());
          if (reading.kind === "ok") expect(reading.raw).toEqual({ temperature: 0xbeef, humidity: 0xbeef });
          expect(time.now() - started).toBeLessThan(4000);
        }
        script.length = 0;
        expect(await time.run(sensor.measure())).toMatchObject({ kind: "ok" });
      }),
      { numRuns: 100 },
    );
  });

  it("gives no reading of any torn answer", async () => {
    for (let index = 0; index < 6; index++) {
      const torn = [...beef, ...beef];
      torn[index] = (torn[index] ?? 0) ^ 0x10;
      const scripted = new TestBus();
      let reads = 0;
      const answer = () => Uint8Array.from(reads++ === 0 ? [...beef, ...beef] : torn);
      scripted.devices.set(address, { write() {}, read: answer });
      const time = new TestClock();
      const reading = await time.run(new Sht40(scripted, time).measure());
      expect(reading).toMatchObject({ kind: "failed", reason: "bad-crc" });
    }
  });
});

describe("the SHT40 model", () => {
  it.each([
    { name: "high", command: 0xfd, ms: 8.3 },
    { name: "medium", command: 0xf6, ms: 4.5 },
    { name: "low", command: 0xe0, ms: 1.6 },
  ])("has no answer before the longest time of a $name precision measurement", async ({ command, ms }) => {
    await send(command);
    await clock.advance(millis(ms - 0.1));
    await expect(receive(6)).rejects.toMatchObject({ code: "nack" });
    await clock.advance(millis(0.2));
    expect(await receive(6)).toHaveLength(6);
    await expect(receive(6)).rejects.toMatchObject({ code: "nack" });
  });

  it("takes an SHT31's commands for what their first byte is: 24h heats, the others do nothing", async () => {
    for (const bytes of [
      [0x30, 0x93],
      [0x30, 0xa2],
      [0xf3, 0x2d],
    ]) {
      await send(...bytes);
      await expect(receive(3)).rejects.toMatchObject({ code: "nack" });
    }
    expect(model.heaterPulses).toBe(0);
    await send(0x24, 0x00);
    expect(model.heaterPulses).toBe(1);
    await expect(send(0xfd)).rejects.toMatchObject({ code: "nack" });
    await send(0x94);
    await clock.advance(millis(1));
    await send(0xfd);
  });

  it("gives its serial number, and nothing after a power cut", async () => {
    await send(0x89);
    expect(await receive(6)).toHaveLength(6);
    await send(0xfd);
    model.powerUp();
    await clock.advance(millis(20));
    await expect(receive(6)).rejects.toMatchObject({ code: "nack" });
  });

  it("repeats its bits when stuck and never answers when silent", async () => {
    const raw = async () => {
      const reading = await clock.run(driver.measure());
      return reading.kind === "ok" ? reading.raw.temperature : reading.reason;
    };
    const before = await raw();
    model.defect = "stuck";
    air.temperature = 25;
    expect([await raw(), await raw()]).toEqual([before, before]);
    model.defect = "silent";
    expect(await raw()).toBe("nack");
    model.defect = "none";
    expect(await raw()).not.toBe(before);
  });
});
