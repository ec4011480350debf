/**
 * The unmodified npm packages on the rig's drivers, with nothing of ours between: proves the rig before it is
 * used to prove the firmware.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { BUTTON_B, RELAY } from "./hat.ts";
import { BACKLIGHT, LCD, type Machine, OLED, SHT31 } from "./machine.ts";
import type { Scenario } from "./scenario.ts";
import { until } from "./until.ts";

interface I2cPackage {
  openPromisified(bus: number): Promise<{
    scan(): Promise<number[]>;
    i2cWrite(address: number, length: number, bytes: Buffer): Promise<unknown>;
    i2cRead(address: number, length: number, bytes: Buffer): Promise<{ bytesRead: number; buffer: Buffer }>;
    close(): Promise<void>;
  }>;
}
interface OnoffLine {
  readSync(): 0 | 1;
  writeSync(level: 0 | 1): void;
  watch(listener: (error: Error | null, level: 0 | 1) => void): void;
  unexport(): void;
}
interface OnoffPackage {
  readonly Gpio: new (line: number, direction: string, edge?: string) => OnoffLine;
}

const require = createRequire(import.meta.url);
const openBus = (): ReturnType<I2cPackage["openPromisified"]> =>
  (require("i2c-bus") as I2cPackage).openPromisified(1);
const { Gpio } = require("onoff") as OnoffPackage;

const SINGLE_SHOT = Buffer.from([0x24, 0x00]);

export const packageScenarios: readonly Scenario[] = [
  {
    name: "i2c-bus's scan finds the displays, and not the SHT31, which refuses a read with nothing measured",
    async run() {
      const bus = await openBus();
      assert.deepEqual(await bus.scan(), [OLED, LCD, BACKLIGHT]);
      await bus.close();
    },
  },
  {
    name: "i2c-bus reads 18.00 °C from the SHT31, once for each measurement",
    async run() {
      const bus = await openBus();
      await bus.i2cWrite(SHT31, 2, SINGLE_SHOT);
      const words = await until(
        "a reading",
        async () => (await bus.i2cRead(SHT31, 6, Buffer.alloc(6))).buffer,
      );
      const celsius = (words.readUInt16BE(0) / 65535) * 175 - 45;
      assert.ok(Math.abs(celsius - 18) < 0.01, `read ${celsius} °C`);
      await assert.rejects(bus.i2cRead(SHT31, 6, Buffer.alloc(6)), { code: "EREMOTEIO" });
      await bus.close();
    },
  },
  {
    name: "i2c-bus reports NACK, stuck bus and bus error by their codes, as often as asked",
    async run(machine: Machine) {
      const bus = await openBus();
      for (const [fault, code] of [
        ["nack", "EREMOTEIO"],
        ["timeout", "ETIMEDOUT"],
        ["bus", "EIO"],
      ] as const) {
        machine.fault(fault, SHT31, 2);
        for (let i = 0; i < 2; i++) await assert.rejects(bus.i2cWrite(SHT31, 2, SINGLE_SHOT), { code });
        await until("the bus to work again", async () =>
          bus.i2cWrite(SHT31, 2, SINGLE_SHOT).then(() => true),
        );
      }
      await bus.close();
    },
  },
  {
    name: "onoff drives the relay's line, low from the start",
    async run(machine: Machine) {
      const relay = new Gpio(machine.kind.base + RELAY, "low");
      assert.deepEqual(pick(machine, RELAY), { direction: "out", level: 0, rises: 0 });
      relay.writeSync(1);
      assert.deepEqual(pick(machine, RELAY), { direction: "out", level: 1, rises: 1 });
      relay.writeSync(0);
      relay.unexport();
      assert.deepEqual(pick(machine, RELAY), { direction: "out", level: 0, rises: 1 });
    },
  },
  {
    name: "onoff hears a button by interrupt",
    async run(machine: Machine) {
      const button = new Gpio(machine.kind.base + BUTTON_B, "in", "both");
      const levels: number[] = [];
      button.watch((error, level) => levels.push(error ? -1 : level));
      const start = performance.now();
      machine.input(BUTTON_B, 1);
      await until("the rising edge", () => levels.length === 1);
      const ms = performance.now() - start;
      machine.input(BUTTON_B, 0);
      await until("the falling edge", () => levels.length === 2);
      button.unexport();
      assert.deepEqual(levels, [1, 0]);
      return `${ms.toFixed(0)} ms`;
    },
  },
];

function pick(machine: Machine, number: number): object {
  const line = machine.line(number);
  assert.ok(line, `nobody ever held line ${number}`);
  return { direction: line.direction, level: line.level, rises: line.rises };
}
