import { beforeEach, describe, expect, it } from "vitest";
import { celsius, hours, millis, relativeHumidity, seconds } from "../../../src/base/units.ts";
import { BusError } from "../../../src/chips/bus.ts";
import { Sht31Model } from "../../../src/simulation/chips/sht31.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { type BusDevice, VirtualBus } from "../../../src/simulation/virtual-hat/virtual-bus.ts";

/** Remembers what was written, and gives it back. */
class Memory implements BusDevice {
  readonly writes: number[][] = [];
  write(bytes: Uint8Array): boolean {
    this.writes.push([...bytes]);
    return true;
  }
  read(length: number): Uint8Array {
    return new Uint8Array(length).fill(this.writes.at(-1)?.[0] ?? 0);
  }
}

const address = 0x20;
let clock: VirtualClock;
let bus: VirtualBus;
let memory: Memory;

beforeEach(() => {
  clock = new VirtualClock();
  bus = new VirtualBus(clock);
  memory = new Memory();
  bus.plug(address, memory);
});

const outcome = (transfer: Promise<unknown>) =>
  clock.run(
    transfer.then(
      () => "ok",
      (error: unknown) => (error instanceof BusError ? error.code : String(error)),
    ),
  );

describe("the virtual bus", () => {
  it("takes the time that the bits take at 100 kHz", async () => {
    await clock.run(bus.write(address, Uint8Array.of(1, 2)));
    expect(clock.now()).toBeCloseTo(0.29, 9);
    await clock.run(bus.read(address, 6));
    expect(clock.now()).toBeCloseTo(0.29 + 0.65, 9);
  });

  it("fills a 1 KiB screen in about 94 ms, as was measured on a real one", async () => {
    for (let page = 0; page < 8; page++) await clock.run(bus.write(address, new Uint8Array(129)));
    expect(clock.now()).toBeGreaterThan(90);
    expect(clock.now()).toBeLessThan(98);
  });

  it("runs transfers in the order of the calls, each with the bytes of its call", async () => {
    const buffer = Uint8Array.of(1);
    const first = bus.write(address, buffer);
    buffer[0] = 2;
    const second = bus.write(address, buffer);
    const third = bus.read(address, 1);
    expect([...(await clock.run(third))]).toEqual([2]);
    await Promise.all([first, second]);
    expect(memory.writes).toEqual([[1], [2]]);
  });

  it("answers NACK for an address with nothing behind it, at the cost of one address byte", async () => {
    expect(await outcome(bus.read(0x50, 6))).toBe("nack");
    expect(clock.now()).toBeCloseTo(0.11, 9);
    bus.unplug(address);
    expect(await outcome(bus.write(address, Uint8Array.of(1)))).toBe("nack");
    expect(bus.traffic(0x50)).toEqual({ transfers: 1, bytesWritten: 0, bytesRead: 0, failures: 1 });
  });

  it.each(["nack", "io", "busy", "denied", "absent"] as const)(
    "fails with %s on demand, so many times, and then works again",
    async (kind) => {
      bus.inject({ kind, address, count: 2 });
      const seen = [];
      for (let i = 0; i < 3; i++) seen.push(await outcome(bus.read(address, 1)));
      expect(seen).toEqual([kind, kind, "ok"]);
    },
  );

  it("keeps a transfer for as long as the driver waits when the bus is stuck", async () => {
    bus.inject({ kind: "timeout", count: 1 });
    expect(await outcome(bus.read(address, 1))).toBe("timeout");
    expect(clock.now()).toBe(1000);
    expect(await outcome(bus.read(address, 1))).toBe("ok");
  });

  it("ends a fault after its time, or when told to", async () => {
    bus.inject({ kind: "nack", address, duration: seconds(5) });
    expect(await outcome(bus.read(address, 1))).toBe("nack");
    await clock.advance(seconds(5));
    expect(await outcome(bus.read(address, 1))).toBe("ok");
    const end = bus.inject({ kind: "nack" });
    expect(await outcome(bus.read(address, 1))).toBe("nack");
    end();
    expect(await outcome(bus.read(address, 1))).toBe("ok");
  });

  it("disturbs one address and leaves the others alone", async () => {
    bus.plug(0x21, new Memory());
    bus.inject({ kind: "nack", address: 0x21 });
    expect([await outcome(bus.read(address, 1)), await outcome(bus.read(0x21, 1))]).toEqual(["ok", "nack"]);
  });

  it("flips exactly one bit of what is read, and in time a bit of every byte", async () => {
    await clock.run(bus.write(address, Uint8Array.of(0)));
    bus.inject({ kind: "bad-crc", address });
    const touched = new Set<number>();
    for (let i = 0; i < 6; i++) {
      const bytes = await clock.run(bus.read(address, 6));
      const bits = bytes.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
      expect(bits).toBe(1);
      touched.add(bytes.findIndex((byte) => byte !== 0));
    }
    expect(touched.size).toBe(6);
  });

  it("counts the bytes of each address", async () => {
    await clock.run(bus.write(address, Uint8Array.of(1, 2, 3)));
    await clock.run(bus.read(address, 2));
    expect(bus.traffic(address)).toEqual({ transfers: 2, bytesWritten: 3, bytesRead: 2, failures: 0 });
  });

  it("waits for transfers under way when it closes, and refuses later ones", async () => {
    const underWay = bus.write(address, Uint8Array.of(7));
    const closed = bus.close();
    expect(await outcome(bus.write(address, Uint8Array.of(8)))).toBe("absent");
    await clock.run(closed);
    await underWay;
    expect(memory.writes).toEqual([[7]]);
  });

  it("saves up waits that a real clock's timers cannot make, and makes them together", async () => {
    bus = new VirtualBus(clock, { timerResolution: millis(1) });
    bus.plug(address, memory);
    for (let count = 0; count < 3; count++) await clock.run(bus.write(address, Uint8Array.of(1, 2)));
    expect(clock.now()).toBe(0);
    await clock.run(bus.write(address, Uint8Array.of(1, 2)));
    expect(clock.now()).toBeCloseTo(4 * 0.29, 9);
    await clock.run(bus.write(address, Uint8Array.of(1, 2)));
    expect(clock.now()).toBeCloseTo(4 * 0.29, 9);
  });

  it("takes no time at a speed without end", async () => {
    bus = new VirtualBus(clock, { speed: Number.POSITIVE_INFINITY });
    bus.plug(address, memory);
    await clock.run(bus.write(address, Uint8Array.of(1, 2)));
    expect([clock.now(), memory.writes]).toEqual([0, [[1, 2]]]);
  });

  it.each([-1, 0x80, 1.5])("refuses the address %s as one that does not exist", async (wrong) => {
    await expect(bus.read(wrong, 1)).rejects.toThrow(RangeError);
    await expect(bus.write(wrong, Uint8Array.of())).rejects.toThrow(RangeError);
  });

  it("takes the first and the last address that there are", async () => {
    for (const end of [0, 0x7f]) {
      bus.plug(end, memory);
      expect(await outcome(bus.write(end, Uint8Array.of(1)))).toBe("ok");
    }
  });

  it("refuses an address that does not exist without touching the queue", async () => {
    await expect(bus.read(0x80, 1)).rejects.toThrow(RangeError);
    expect(await outcome(bus.read(address, 1))).toBe("ok");
  });

  it("reads a sensor each 2 s for a day in a few seconds on the processor", {
    timeout: 600_000,
  }, async () => {
    const air = { measureTemperature: () => celsius(20), humidity: () => relativeHumidity(50) };
    bus.plug(0x44, new Sht31Model(clock, air));
    let readings = 0;
    const read = async () => {
      await bus.write(0x44, Uint8Array.of(0x24, 0x00));
      await clock.sleep(millis(15));
      await bus.read(0x44, 6);
      readings++;
    };
    const tick = () => {
      clock.setTimer(seconds(2), tick);
      void read();
    };
    tick();
    const began = process.cpuUsage();
    await clock.advance(hours(24));
    const { user, system } = process.cpuUsage(began);
    const tookMs = (user + system) / 1000;
    expect(readings).toBeGreaterThanOrEqual(43_200);
    // Measured: 0.5 s on an idle core. Time on the processor: what else the machine does is not the bus's doing.
    expect(tookMs).toBeLessThan(10_000);
  });
});
