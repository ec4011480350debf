/**
 * What every I²C bus must do, as plain data: a runner of any kind calls `run` with a rig of its own.
 *
 * Guarantee: nothing but node:assert and the project's own ports is used, so that the same list runs on the
 * virtual bus under the test runner and, bundled, on the kernel's bus inside a small machine.
 */
import assert from "node:assert/strict";
import type { Clock } from "../../src/base/clock.ts";
import { celsius, type Millis, millis } from "../../src/base/units.ts";
import { BusError, type I2cBus } from "../../src/chips/bus.ts";
import { Sht31 } from "../../src/chips/sht31.ts";

/** What the rig can do to the sensor's transfers. */
export type RigFault = "nack" | "timeout" | "bad-crc";

export interface BusRig {
  readonly bus: I2cBus;
  readonly clock: Clock;
  /** What the sensor is to measure from now on (°C, %). */
  setAir(temperature: number, humidity: number): void | Promise<void>;
  /** Disturbs the sensor's transfers from now on: so many of them, or all when not given. */
  fault(kind: RigFault | "none", count?: number): void | Promise<void>;
}

export interface Contract<Rig> {
  readonly name: string;
  run(rig: Rig): Promise<void>;
}

const sensor = 0x44;
const oled = 0x3c;
/** Nothing answers there: reserved for a module that nobody plugged. */
const nobody = 0x29;
const conversion = millis(16);
const commandGap = millis(2);

const measure = Uint8Array.of(0x24, 0x00);

/** One measurement by raw bytes. */
async function readRaw({ bus, clock }: BusRig): Promise<Uint8Array> {
  await bus.write(sensor, measure);
  await clock.sleep(conversion);
  const bytes = await bus.read(sensor, 6);
  await clock.sleep(commandGap);
  return bytes;
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

async function assertTemperature(rig: BusRig, expected: number): Promise<void> {
  const bytes = await readRaw(rig);
  assert.equal(bytes.length, 6);
  const temperature = -45 + (175 * word(bytes, 0)) / 65535;
  assert.ok(Math.abs(temperature - expected) < 0.01, `read ${temperature} °C, expected ${expected} °C`);
}

/** The code with which a transfer fails; "ok" when it does not. */
async function codeOf(transfer: Promise<unknown>): Promise<string> {
  try {
    await transfer;
    return "ok";
  } catch (error) {
    assert.ok(error instanceof BusError, `a transfer failed with something else than a BusError: ${error}`);
    return error.code;
  }
}

async function within<T>(clock: Clock, limit: Millis, work: Promise<T>): Promise<T> {
  let cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    cancel = clock.setTimer(limit, () => reject(new Error(`not settled within ${limit} ms`)));
  });
  return Promise.race([work, late]).finally(cancel);
}

const transfers: readonly Contract<BusRig>[] = [
  {
    name: "reads what the sensor measures, byte for byte",
    async run(rig) {
      await rig.setAir(18, 45);
      await assertTemperature(rig, 18);
      await rig.setAir(-12.34, 45);
      await assertTemperature(rig, -12.34);
    },
  },
  {
    name: "gives exactly as many bytes as were asked for",
    async run(rig) {
      await rig.bus.write(sensor, measure);
      await rig.clock.sleep(conversion);
      assert.equal((await rig.bus.read(sensor, 3)).length, 3);
      await rig.clock.sleep(commandGap);
    },
  },
  {
    name: "fails with nack where nobody answers, for writing and for reading, and is not the worse for it",
    async run(rig) {
      await rig.setAir(18, 45);
      assert.equal(await codeOf(rig.bus.write(nobody, Uint8Array.of(0))), "nack");
      assert.equal(await codeOf(rig.bus.read(nobody, 1)), "nack");
      await assertTemperature(rig, 18);
    },
  },
  {
    name: "runs transfers in the order of the calls, also when nobody waits between them",
    async run({ bus, clock }) {
      const order: string[] = [];
      const page = new Uint8Array(129).fill(0x40, 0, 1);
      await Promise.all([
        bus.write(oled, page).then(() => order.push("long write")),
        codeOf(bus.write(nobody, Uint8Array.of(0))).then(() => order.push("nack")),
        bus.write(oled, Uint8Array.of(0x00, 0xe3)).then(() => order.push("short write")),
      ]);
      assert.deepEqual(order, ["long write", "nack", "short write"]);
      await clock.sleep(commandGap);
    },
  },
  {
    name: "does not mind that the caller reuses its buffer",
    async run(rig) {
      await rig.setAir(21, 45);
      const command = Uint8Array.from(measure);
      const sent = rig.bus.write(sensor, command);
      command.fill(0);
      await sent;
      await rig.clock.sleep(conversion);
      const bytes = await rig.bus.read(sensor, 6);
      assert.ok(Math.abs(-45 + (175 * word(bytes, 0)) / 65535 - 21) < 0.01);
      await rig.clock.sleep(commandGap);
    },
  },
];

const recovery: readonly Contract<BusRig>[] = (["nack", "timeout"] as const).map((kind) => ({
  name: `fails with ${kind} while that fault stands, in bounded time, and reads again once it is over`,
  async run(rig) {
    await rig.setAir(19.5, 45);
    await rig.fault(kind);
    for (let attempt = 0; attempt < 3; attempt++) {
      assert.equal(await within(rig.clock, millis(5000), codeOf(rig.bus.write(sensor, measure))), kind);
    }
    await rig.fault("none");
    await rig.clock.sleep(conversion);
    await assertTemperature(rig, 19.5);
  },
}));

const driver: readonly Contract<BusRig>[] = [
  {
    name: "lets the sensor's driver read temperature and humidity",
    async run(rig) {
      await rig.setAir(22.25, 61);
      const reading = await new Sht31(rig.bus, rig.clock).measure();
      assert.equal(reading.kind, "ok");
      if (reading.kind !== "ok") return;
      assert.ok(Math.abs(reading.temperature - celsius(22.25)) < 0.01);
      assert.ok(Math.abs(reading.humidity - 61) < 0.01);
    },
  },
  ...(["nack", "timeout", "bad-crc"] as const).map(
    (kind): Contract<BusRig> => ({
      name: `lets the driver report ${kind} as a value, never as a number, and recover by itself`,
      async run(rig) {
        await rig.setAir(17, 45);
        const sht31 = new Sht31(rig.bus, rig.clock);
        await rig.fault(kind);
        for (let attempt = 0; attempt < 2; attempt++) {
          const reading = await within(rig.clock, millis(20_000), sht31.measure());
          assert.deepEqual([reading.kind, reading.kind === "failed" && reading.reason], ["failed", kind]);
        }
        await rig.fault("none");
        // A transfer that timed out may still hold the bus for its last second.
        await rig.clock.sleep(millis(3000));
        const reading = await sht31.measure();
        assert.equal(reading.kind, "ok");
      },
    }),
  ),
  {
    name: "lets the driver get over one disturbed transfer without anybody noticing",
    async run(rig) {
      await rig.setAir(17, 45);
      const sht31 = new Sht31(rig.bus, rig.clock);
      assert.equal((await sht31.measure()).kind, "ok");
      for (const kind of ["nack", "bad-crc"] as const) {
        await rig.fault(kind, 1);
        assert.equal((await sht31.measure()).kind, "ok", `after one ${kind}`);
      }
    },
  },
];

/** Closes the rig's bus: runs last. */
const closing: readonly Contract<BusRig>[] = [
  {
    name: "finishes what is under way when it closes, and refuses what comes later",
    async run({ bus }) {
      const underWay = bus.write(oled, Uint8Array.of(0x00, 0xe3));
      const closed = bus.close();
      assert.notEqual(await codeOf(bus.write(oled, Uint8Array.of(0x00, 0xe3))), "ok");
      await closed;
      await underWay;
    },
  },
];

/** In order; the last one closes the bus. Each leaves the sensor ready for the next one. */
export const i2cBusContract: readonly Contract<BusRig>[] = [...transfers, ...recovery, ...driver, ...closing];
