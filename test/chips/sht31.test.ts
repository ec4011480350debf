import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { crc8 } from "../../src/chips/crc8.ts";
import { Sht31 } from "../../src/chips/sht31.ts";
import { decodeMeasurement, decodeStatus, encodeCommand } from "../../src/chips/sht31-codec.ts";
import { type Mishap, TestBus } from "./test-bus.ts";
import { TestClock } from "./test-clock.ts";

function word(value: number): number[] {
  const bytes = [value >> 8, value & 0xff];
  return [...bytes, crc8(Uint8Array.from(bytes))];
}

/** A sensor just real enough: answers with what the last command asked for, NACKs while it has nothing. */
class SensorModel {
  temperature = 0x6666;
  humidity = 0x8000;
  statusWord = 0x8010;
  /** Applied to each answer. */
  corrupt: (answer: number[]) => number[] = (answer) => answer;
  #answer: number[] | undefined;

  write(bytes: Uint8Array) {
    const command = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
    if (command >> 8 === 0x24) this.#answer = [...word(this.temperature), ...word(this.humidity)];
    else if (command === 0xf32d) this.#answer = word(this.statusWord);
    else this.#answer = undefined;
    if (command === 0x30a2) this.statusWord = 0x8010;
    if (command === 0x3041) this.statusWord = 0;
  }

  read(length: number) {
    return Uint8Array.from(this.corrupt(this.#answer ?? []).slice(0, length));
  }
}

let bus: TestBus;
let clock: TestClock;
let sensor: SensorModel;
let driver: Sht31;

beforeEach(() => {
  bus = new TestBus();
  clock = new TestClock();
  sensor = new SensorModel();
  bus.devices.set(0x44, sensor);
  driver = new Sht31(bus, clock);
});

describe("the codec", () => {
  it("sends commands high byte first", () => {
    expect([...encodeCommand(0x2400)]).toEqual([0x24, 0x00]);
    expect([...encodeCommand(0xf32d)]).toEqual([0xf3, 0x2d]);
  });

  it("computes temperature and humidity as section 4.13 says, ends of the scale included", () => {
    const at = (temperature: number, humidity: number) =>
      decodeMeasurement(Uint8Array.from([...word(temperature), ...word(humidity)]));
    expect(at(0, 0)).toMatchObject({ temperature: -45, humidity: 0 });
    expect(at(0xffff, 0xffff)).toMatchObject({ temperature: 130, humidity: 100 });
    expect(at(0x6666, 0x8000)).toEqual({
      temperature: -45 + (175 * 0x6666) / 65535,
      humidity: (100 * 0x8000) / 65535,
      raw: { temperature: 0x6666, humidity: 0x8000 },
    });
  });

  it("refuses an answer with either checksum wrong, and one that is short or empty", () => {
    const good = [...word(0x6666), ...word(0x8000)];
    for (const index of good.keys()) {
      const torn = Uint8Array.from(good);
      torn[index] = (torn[index] ?? 0) ^ 0x01;
      expect(decodeMeasurement(torn)).toBe("bad-crc");
    }
    for (const length of [0, 1, 2, 3, 4, 5]) {
      expect(decodeMeasurement(Uint8Array.from(good.slice(0, length)))).toBe("bad-crc");
    }
    expect(decodeMeasurement(Uint8Array.of(0xff, 0xff, 0, 0xff, 0xff, 0))).toBe("bad-crc");
    expect(decodeStatus(Uint8Array.of(0x80, 0x10, 0x00))).toBe("bad-crc");
  });

  it("reads the status bits by their places in table 17", () => {
    expect(decodeStatus(Uint8Array.from(word(0x2013)))).toEqual({
      word: 0x2013,
      heaterOn: true,
      resetDetected: true,
      commandFailed: true,
      writeCrcFailed: true,
    });
    expect(decodeStatus(Uint8Array.from(word(0x0000)))).toMatchObject({
      heaterOn: false,
      resetDetected: false,
    });
  });
});

describe("measuring", () => {
  it("prepares the sensor once: stop, soft reset, status; then single shots, each with the status after it", async () => {
    expect(await clock.run(driver.measure())).toMatchObject({
      kind: "ok",
      raw: { temperature: 0x6666, humidity: 0x8000 },
    });
    await clock.run(driver.measure());
    await clock.run(driver.measure());
    const first = ["30 93", "30 a2", "f3 2d", "24 00"];
    expect(bus.written).toEqual([...first, "30 41", "24 00", "f3 2d", "24 00", "f3 2d"]);
    expect(bus.transfers.filter((t) => t.kind === "read").map((t) => t.length)).toEqual([3, 6, 6, 3, 6, 3]);
  });

  it.each([
    ["high", "24 00", 15],
    ["medium", "24 0b", 6],
    ["low", "24 16", 4],
  ] as const)(
    "waits out the longest conversion at %s repeatability",
    async (repeatability, command, longest) => {
      driver = new Sht31(bus, clock, { repeatability });
      const times: number[] = [];
      bus.onTransfer = () => times.push(clock.now());
      await clock.run(driver.measure());
      const [asked = 0, read = 0] = times.slice(-2);
      expect(bus.written.at(-1)).toBe(command);
      expect(read - asked).toBeGreaterThanOrEqual(longest);
      expect(read - asked).toBeLessThanOrEqual(longest + 2);
    },
  );

  it("speaks to 0x45 when told to", async () => {
    bus.devices.clear();
    bus.devices.set(0x45, sensor);
    expect(await clock.run(new Sht31(bus, clock, { address: 0x45 }).measure())).toMatchObject({ kind: "ok" });
  });

  it("leaves at least 1 ms between any two transfers", async () => {
    const times: number[] = [];
    bus.onTransfer = () => times.push(clock.now());
    await clock.run(
      Promise.all([driver.measure(), driver.status(), driver.softReset(), driver.clearStatus()]),
    );
    await clock.run(driver.measure());
    expect(times.length).toBeGreaterThan(8);
    for (const [index, time] of times.entries()) {
      expect(time - (times[index - 1] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(1);
    }
  });

  it("shares one measurement between calls that overlap", async () => {
    const [first, second] = await clock.run(Promise.all([driver.measure(), driver.measure()]));
    expect(second).toBe(first);
    expect(bus.written.filter((bytes) => bytes === "24 00")).toHaveLength(1);
  });

  it("labels the reading with the time it came in", async () => {
    const started = clock.now();
    const reading = await clock.run(driver.measure());
    expect(reading.atMs).toBe(clock.now());
    expect(reading.atMs).toBeGreaterThan(started);
  });
});

describe("failing", () => {
  it.each([
    ["nack", "nack", 3],
    ["timeout", "timeout", 3],
    ["io", "bus", 3],
    ["busy", "bus", 1],
    ["absent", "absent", 1],
    ["no-driver", "absent", 1],
    ["denied", "bus", 1],
    ["throw", "bus", 1],
  ] as const)("gives up on %s with reason %s after %i tries", async (mishap, reason, tries) => {
    bus.mishap = () => mishap;
    expect(await clock.run(driver.measure())).toEqual({ kind: "failed", reason, atMs: clock.now() });
    expect(bus.transfers).toHaveLength(tries);
  });

  it("gives up on a bus that never answers, and carries on once it does", async () => {
    bus.mishap = () => "hang";
    const started = clock.now();
    expect(await clock.run(driver.measure())).toMatchObject({ kind: "failed", reason: "timeout" });
    expect(clock.now() - started).toBeLessThan(2000);
    bus.mishap = () => undefined;
    expect(await clock.run(driver.measure())).toMatchObject({ kind: "ok" });
    expect(clock.pendingTimers).toBe(0);
  });

  it("tries again after a passing error and a torn answer, within one call", async () => {
    await clock.run(driver.measure());
    const mishaps: (Mishap | undefined)[] = ["nack", undefined, "io"];
    bus.mishap = () => mishaps.shift();
    expect(await clock.run(driver.measure())).toMatchObject({ kind: "ok" });
    let torn = 2;
    sensor.corrupt = (answer) => (torn-- > 0 ? answer.map(() => 0xff) : answer);
    expect(await clock.run(driver.measure())).toMatchObject({ kind: "ok" });
  });

  it("reports a checksum that stays wrong as bad-crc", async () => {
    await clock.run(driver.measure());
    sensor.corrupt = () => [0xff, 0xff, 0, 0xff, 0xff, 0];
    expect(await clock.run(driver.measure())).toMatchObject({ kind: "failed", reason: "bad-crc" });
  });

  it("reads nothing from a sensor whose status word has a bad checksum or whose heater stays on", async () => {
    sensor.corrupt = (answer) => (answer.length === 3 ? [0x80, 0x10, 0] : answer);
    expect(await clock.run(driver.measure())).toMatchObject({ kind: "failed", reason: "bad-crc" });
    sensor.corrupt = (answer) => (answer.length === 3 ? word(0x2000) : answer);
    expect(await clock.run(driver.measure())).toMatchObject({ kind: "failed", reason: "heater-on" });
    expect(bus.written).not.toContain("24 00");
    sensor.corrupt = (answer) => answer;
    expect(await clock.run(driver.measure())).toMatchObject({ kind: "ok" });
  });

  it("resets the sensor after three failed measurements in a row, not before", async () => {
    await clock.run(driver.measure());
    const resets = () => bus.written.filter((bytes) => bytes === "30 a2").length;
    sensor.corrupt = () => [];
    for (let failure = 1; failure <= 3; failure++) await clock.run(driver.measure());
    expect(resets()).toBe(1);
    sensor.corrupt = (answer) => answer;
    expect(await clock.run(driver.measure())).toMatchObject({ kind: "ok" });
    expect(resets()).toBe(2);
    expect(bus.written.slice(-4)).toEqual(["30 93", "30 a2", "f3 2d", "24 00"]);
  });

  it("whatever fails and however often, measure() settles in bounded time and the next good answer is read", async () => {
    const mishap = fc.constantFrom<(Mishap | "torn" | undefined)[]>(
      ...(["nack", "timeout", "io", "busy", "absent", "denied", "hang", "throw", "torn", undefined] as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(mishap, { maxLength: 60 }), fc.nat(12), async (mishaps, calls) => {
        bus = new TestBus();
        clock = new TestClock();
        sensor = new SensorModel();
        bus.devices.set(0x44, sensor);
        driver = new Sht31(bus, clock);
        const script = [...mishaps];
        let torn = false;
        bus.mishap = () => {
          const next = script.shift();
          torn = next === "torn";
          return next === "torn" ? undefined : next;
        };
        sensor.corrupt = (answer) => (torn ? answer.map((byte) => byte ^ 0x40) : answer);
        for (let call = 0; call < calls; call++) {
          const started = clock.now();
          const reading = await clock.run(driver.measure());
          if (reading.kind === "ok") expect(reading.raw).toEqual({ temperature: 0x6666, humidity: 0x8000 });
          expect(clock.now() - started).toBeLessThan(4000);
        }
        script.length = 0;
        torn = false;
        expect(await clock.run(driver.measure())).toMatchObject({ kind: "ok" });
      }),
      { numRuns: 200 },
    );
  });
});

describe("what becomes of the sensor under way", () => {
  const resets = () => bus.written.filter((bytes) => bytes === "30 a2").length;

  it("a reading with the sensor's own heater on does not count; the sensor is reset and cools before one does", async () => {
    await clock.run(driver.measure());
    await clock.run(driver.measure());
    sensor.statusWord |= 0x2000;
    expect(await clock.run(driver.measure())).toMatchObject({ kind: "failed", reason: "heater-on" });
    expect(resets()).toBe(1);
    const switchedOff = clock.now();
    for (let reading = await clock.run(driver.measure()); reading.kind !== "ok"; ) {
      expect(reading.reason).toBe("heater-on");
      clock.advance(2000);
      reading = await clock.run(driver.measure());
    }
    expect(sensor.statusWord & 0x2000).toBe(0);
    expect(resets()).toBeGreaterThan(1);
    expect(clock.now() - switchedOff).toBeGreaterThan(20_000);
    expect(clock.now() - switchedOff).toBeLessThan(25_000);
    // A reset for another reason has nothing to cool from.
    sensor.statusWord |= 0x0010;
    const before = resets();
    for (let reading = 0; reading < 3; reading++)
      expect(await clock.run(driver.measure())).toMatchObject({ kind: "ok" });
    expect(resets()).toBe(before + 1);
  });

  it("a sensor that was reset by somebody else is prepared again", async () => {
    await clock.run(driver.measure());
    await clock.run(driver.measure());
    expect(resets()).toBe(1);
    sensor.statusWord |= 0x0010;
    expect(await clock.run(driver.measure())).toMatchObject({ kind: "ok" });
    await clock.run(driver.measure());
    expect(resets()).toBe(2);
    await clock.run(driver.measure());
    await clock.run(driver.measure());
    expect(resets()).toBe(2);
  });

  it("no reading counts whose status cannot be read", async () => {
    await clock.run(driver.measure());
    await clock.run(driver.measure());
    sensor.corrupt = (answer) => (answer.length === 3 ? [1, 2, 3] : answer);
    expect(await clock.run(driver.measure())).toMatchObject({ kind: "failed", reason: "bad-crc" });
  });

  it("says what the chip can measure at all: table 2", async () => {
    expect(await clock.run(driver.measure())).toMatchObject({ range: { lowest: -40, highest: 125 } });
  });
});

describe("a chip at the sensor's address that is none", () => {
  const reasons = async (measurements: number) => {
    const found: string[] = [];
    for (let i = 0; i < measurements; i++) {
      const reading = await clock.run(driver.measure());
      found.push(reading.kind === "ok" ? "ok" : reading.reason);
    }
    return found;
  };

  it.each([
    ["all zeros", () => 0x00],
    ["all ones", () => 0xff],
    ["a register that counts", (index: number) => 0x40 + index],
  ])("that answers %s is named after three measurements", async (_, byte) => {
    bus.devices.set(0x44, { write() {}, read: (length) => Uint8Array.from({ length }, (_, i) => byte(i)) });
    expect(await reasons(5)).toEqual(["bad-crc", "bad-crc", "wrong-chip", "wrong-chip", "wrong-chip"]);
  });

  it("that takes every command and never answers is named too", async () => {
    bus.devices.set(0x44, { write() {} });
    expect(await reasons(4)).toEqual(["nack", "nack", "wrong-chip", "wrong-chip"]);
  });

  it("is told from a sensor on a bad cable, whose answers are a bit or two off", async () => {
    let turn = 0;
    sensor.corrupt = (answer) => answer.map((byte, i) => (i === turn++ % 3 ? byte ^ 0x04 : byte));
    expect(new Set(await reasons(8))).toEqual(new Set(["bad-crc"]));
  });

  it("is found out also in the place of a sensor that was unplugged", async () => {
    expect(await reasons(2)).toEqual(["ok", "ok"]);
    bus.devices.delete(0x44);
    expect(await reasons(1)).toEqual(["nack"]);
    bus.devices.set(0x44, { write() {}, read: (length) => new Uint8Array(length) });
    expect((await reasons(4)).at(-1)).toBe("wrong-chip");
    bus.devices.set(0x44, sensor);
    expect(await reasons(2)).toEqual(["ok", "ok"]);
  });

  it("is no name for an empty address or a stuck bus", async () => {
    bus.devices.delete(0x44);
    expect(new Set(await reasons(8))).toEqual(new Set(["nack"]));
    bus.mishap = () => "timeout";
    expect(new Set(await reasons(8))).toEqual(new Set(["timeout"]));
  });
});

describe("housekeeping", () => {
  it("reads, clears and checks the status", async () => {
    expect(await clock.run(driver.status())).toEqual({
      kind: "ok",
      word: 0x8010,
      heaterOn: false,
      resetDetected: true,
      commandFailed: false,
      writeCrcFailed: false,
    });
    expect(await clock.run(driver.clearStatus())).toBe("done");
    expect(await clock.run(driver.status())).toMatchObject({ word: 0, resetDetected: false });
    sensor.corrupt = () => [0, 0, 0];
    expect(await clock.run(driver.status())).toEqual({ kind: "failed", reason: "bad-crc" });
  });

  it("resets on demand and says why when it cannot", async () => {
    expect(await clock.run(driver.softReset())).toBe("done");
    bus.devices.clear();
    expect(await clock.run(driver.softReset())).toBe("nack");
    expect(await clock.run(driver.clearStatus())).toBe("nack");
  });
});
