/**
 * What every GPIO port must do, as plain data, for the virtual lines and for the kernel's alike.
 *
 * Guarantee: nothing but node:assert and the project's own ports is used. Edges may arrive late (the kernel's
 * took 15 to 29 ms), so every wait is for a condition, bounded by the rig's clock.
 */
import assert from "node:assert/strict";
import type { Clock } from "../../src/base/clock.ts";
import { millis } from "../../src/base/units.ts";
import { type EdgeTime, type GpioPort, type Level, LineError } from "../../src/chips/lines.ts";
import type { Contract } from "./i2c-bus-contract.ts";

export interface GpioRig {
  readonly gpio: GpioPort;
  readonly clock: Clock;
  /** Lines that nothing else uses, as the SoC numbers them: two to drive, two to watch, and one beyond the chip. */
  readonly outputs: readonly [number, number];
  readonly inputs: readonly [number, number];
  readonly beyond: number;
  /** Injects a level at an input. */
  drive(line: number, level: Level): void | Promise<void>;
  /** Observes a line from outside. */
  level(line: number): Level | Promise<Level>;
}

const patience = millis(2000);
const pollEvery = millis(5);
/** Longer than an edge has ever taken. */
const quiet = millis(200);

async function eventually(clock: Clock, what: string, holds: () => boolean): Promise<void> {
  const until = clock.now() + patience;
  while (!holds()) {
    assert.ok(clock.now() < until, `${what}: not within ${patience} ms`);
    await clock.sleep(pollEvery);
  }
}

const outputs: readonly Contract<GpioRig>[] = [
  ...([0, 1] as const).map(
    (initial): Contract<GpioRig> => ({
      name: `has an output at its initial level ${initial} when it is opened`,
      async run(rig) {
        const line = await rig.gpio.openOutput(rig.outputs[0], initial);
        assert.equal(await rig.level(rig.outputs[0]), initial);
        assert.equal(line.read(), initial);
        line.write(0);
        line.close();
      },
    }),
  ),
  {
    name: "drives an output to what is written, reads it back, and takes the same level twice",
    async run(rig) {
      const line = await rig.gpio.openOutput(rig.outputs[0], 0);
      for (const level of [1, 1, 0, 0, 1, 0] as const) {
        line.write(level);
        assert.equal(await rig.level(rig.outputs[0]), level);
        assert.equal(line.read(), level);
      }
      line.close();
    },
  },
  {
    name: "keeps two outputs apart",
    async run(rig) {
      const first = await rig.gpio.openOutput(rig.outputs[0], 0);
      const second = await rig.gpio.openOutput(rig.outputs[1], 0);
      first.write(1);
      assert.deepEqual([await rig.level(rig.outputs[0]), await rig.level(rig.outputs[1])], [1, 0]);
      second.write(1);
      first.write(0);
      assert.deepEqual([await rig.level(rig.outputs[0]), await rig.level(rig.outputs[1])], [0, 1]);
      second.write(0);
      first.close();
      second.close();
    },
  },
  {
    name: "opens an output again after it was closed, at the initial level of then",
    async run(rig) {
      const before = await rig.gpio.openOutput(rig.outputs[0], 1);
      before.close();
      const after = await rig.gpio.openOutput(rig.outputs[0], 0);
      assert.equal(await rig.level(rig.outputs[0]), 0);
      after.close();
    },
  },
  {
    name: "refuses a line beyond the chip with a LineError, and drives nothing",
    async run(rig) {
      await assert.rejects(
        rig.gpio.openOutput(rig.beyond, 1),
        (error) => error instanceof LineError && error.code === "absent",
      );
    },
  },
];

const inputs: readonly Contract<GpioRig>[] = [
  {
    name: "reads an input as it is",
    async run(rig) {
      await rig.drive(rig.inputs[0], 0);
      const line = await rig.gpio.openInput(rig.inputs[0]);
      assert.equal(line.read(), 0);
      await rig.drive(rig.inputs[0], 1);
      assert.equal(line.read(), 1);
      await rig.drive(rig.inputs[0], 0);
      line.close();
    },
  },
  {
    name: "reports each edge of an input with the right level",
    async run(rig) {
      await rig.drive(rig.inputs[0], 0);
      const line = await rig.gpio.openInput(rig.inputs[0]);
      const heard: Level[] = [];
      line.onChange((level) => heard.push(level));
      for (const [index, level] of ([1, 0, 1, 0] as const).entries()) {
        await rig.drive(rig.inputs[0], level);
        await eventually(rig.clock, `edge ${index + 1}`, () => heard.length > index);
      }
      assert.deepEqual(heard, [1, 0, 1, 0]);
      line.close();
    },
  },
  {
    name: "tells with each edge when it happened, on the firmware's clock",
    async run(rig) {
      await rig.drive(rig.inputs[0], 0);
      const line = await rig.gpio.openInput(rig.inputs[0]);
      const heard: EdgeTime[] = [];
      line.onChange((_, time) => heard.push(time));
      for (const [index, level] of ([1, 0] as const).entries()) {
        const before = rig.clock.now();
        await rig.drive(rig.inputs[0], level);
        await eventually(rig.clock, `edge ${index + 1}`, () => heard.length > index);
        const time = heard[index];
        assert.ok(time && time.earliestMs <= time.latestMs, "an edge has a time");
        assert.ok(time.latestMs >= before && time.latestMs <= rig.clock.now(), "within the wait for it");
        await rig.clock.sleep(quiet);
      }
      line.close();
    },
  },
  {
    name: "reports edges of one input to its own listeners alone, and to all of them",
    async run(rig) {
      for (const number of rig.inputs) await rig.drive(number, 0);
      const first = await rig.gpio.openInput(rig.inputs[0]);
      const second = await rig.gpio.openInput(rig.inputs[1]);
      const heard = { one: 0, two: 0, other: 0 };
      first.onChange(() => heard.one++);
      first.onChange(() => heard.two++);
      second.onChange(() => heard.other++);
      await rig.drive(rig.inputs[0], 1);
      await eventually(rig.clock, "the edge", () => heard.one === 1 && heard.two === 1);
      await rig.clock.sleep(quiet);
      assert.deepEqual(heard, { one: 1, two: 1, other: 0 });
      await rig.drive(rig.inputs[0], 0);
      first.close();
      second.close();
    },
  },
  {
    name: "reports nothing to a listener that was ended, nor after closing",
    async run(rig) {
      await rig.drive(rig.inputs[0], 0);
      const line = await rig.gpio.openInput(rig.inputs[0]);
      const heard = { ended: 0, kept: 0 };
      const end = line.onChange(() => heard.ended++);
      line.onChange(() => heard.kept++);
      end();
      await rig.drive(rig.inputs[0], 1);
      await eventually(rig.clock, "the edge", () => heard.kept === 1);
      line.close();
      await rig.drive(rig.inputs[0], 0);
      await rig.clock.sleep(quiet);
      assert.deepEqual(heard, { ended: 0, kept: 1 });
    },
  },
];

/** Closes the rig's port: runs last. */
const closing: readonly Contract<GpioRig>[] = [
  {
    name: "leaves the levels as they are when it closes",
    async run(rig) {
      const line = await rig.gpio.openOutput(rig.outputs[0], 0);
      line.write(1);
      rig.gpio.close();
      assert.equal(await rig.level(rig.outputs[0]), 1);
    },
  },
];

/** In order; the last one closes the port. */
export const gpioContract: readonly Contract<GpioRig>[] = [...outputs, ...inputs, ...closing];
