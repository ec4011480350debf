import { beforeEach, describe, expect, it } from "vitest";
import { seconds } from "../../../src/base/units.ts";
import type { Level } from "../../../src/chips/lines.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { VirtualGpio } from "../../../src/simulation/virtual-hat/virtual-gpio.ts";

let clock: VirtualClock;
let gpio: VirtualGpio;

beforeEach(() => {
  clock = new VirtualClock();
  gpio = new VirtualGpio(clock);
});

describe("a virtual GPIO line", () => {
  it("follows the SoC's pull while nobody drives it", async () => {
    expect([gpio.level(2), gpio.level(8), gpio.level(9), gpio.level(27)]).toEqual([1, 1, 0, 0]);
    expect((await gpio.openInput(22)).read()).toBe(0);
  });

  it("is at its initial level from the instant it is an output", async () => {
    const seen: Level[] = [];
    gpio.drive(16, 1);
    gpio.observe(16, (level) => seen.push(level));
    const relay = await gpio.openOutput(16, 0);
    expect([relay.read(), gpio.isOutput(16), seen]).toEqual([0, true, [0]]);
  });

  it("keeps the instants of its changes, and counts no change where there was none", async () => {
    const relay = await gpio.openOutput(16, 0);
    await clock.advance(seconds(1));
    relay.write(1);
    relay.write(1);
    await clock.advance(seconds(1));
    relay.write(0);
    expect(gpio.history(16)).toEqual([
      { atMs: 1000, level: 1 },
      { atMs: 2000, level: 0 },
    ]);
    expect(gpio.changes(16)).toBe(2);
  });

  it("tells its listeners of each change in order, until they have heard enough", async () => {
    const button = await gpio.openInput(22);
    const heard: string[] = [];
    const end = button.onChange((level) => heard.push(`one ${level}`));
    button.onChange((level) => heard.push(`two ${level}`));
    gpio.drive(22, 1);
    gpio.drive(22, 1);
    end();
    gpio.drive(22, undefined);
    expect(heard).toEqual(["one 1", "two 1", "two 0"]);
  });

  it("is silent after it was closed, and refuses to be used", async () => {
    const button = await gpio.openInput(22);
    let heard = 0;
    button.onChange(() => heard++);
    button.close();
    gpio.drive(22, 1);
    expect(heard).toBe(0);
    expect(() => button.read()).toThrow(expect.objectContaining({ code: "io" }));
    expect((await gpio.openInput(22)).read()).toBe(1);
  });

  it("is heard by nobody of a process that has ended", async () => {
    const heard: Level[] = [];
    (await gpio.openInput(22)).onChange((level) => heard.push(level));
    gpio.close();
    gpio.drive(22, 1);
    (await gpio.openInput(22)).onChange((level) => heard.push(level));
    gpio.drive(22, 0);
    expect(heard).toEqual([0]);
  });

  it("keeps an output's level when it, the port or the process ends, and loses it in a power cut", async () => {
    const relay = await gpio.openOutput(16, 1);
    relay.close();
    expect(gpio.level(16)).toBe(1);
    await gpio.openOutput(16, 1);
    gpio.close();
    expect(gpio.level(16)).toBe(1);
    gpio.powerUp();
    expect([gpio.level(16), gpio.isOutput(16)]).toEqual([0, false]);
  });

  it("reads as it is when stuck, not as it was written, and follows again afterwards", async () => {
    const relay = await gpio.openOutput(16, 0);
    const end = gpio.stick(16);
    relay.write(1);
    expect([relay.read(), gpio.level(16)]).toEqual([0, 0]);
    end();
    expect(relay.read()).toBe(1);
  });

  it.each(["busy", "denied", "absent", "io"] as const)(
    "can be refused as %s, and drives nothing then",
    async (code) => {
      const end = gpio.refuse(16, code);
      await expect(gpio.openOutput(16, 1)).rejects.toMatchObject({ name: "LineError", code });
      expect([gpio.level(16), gpio.isOutput(16)]).toEqual([0, false]);
      end();
      expect((await gpio.openOutput(16, 1)).read()).toBe(1);
    },
  );

  it("cannot be had twice, nor where there is none", async () => {
    await gpio.openOutput(16, 0);
    await expect(gpio.openInput(16)).rejects.toMatchObject({ code: "busy" });
    await expect(gpio.openInput(28)).rejects.toMatchObject({ code: "absent" });
    expect(() => gpio.level(99)).toThrow(RangeError);
  });
});
