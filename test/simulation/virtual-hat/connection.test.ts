/** One process's hold on the virtual hat: what it left behind reaches nothing once it is gone. */
import { beforeEach, describe, expect, it } from "vitest";
import { millis } from "../../../src/base/units.ts";
import { RegisterModel } from "../../../src/simulation/chips/registers.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { connectPorts } from "../../../src/simulation/virtual-hat/connection.ts";
import { VirtualBus } from "../../../src/simulation/virtual-hat/virtual-bus.ts";
import { VirtualGpio } from "../../../src/simulation/virtual-hat/virtual-gpio.ts";

const address = 0x20;
let clock: VirtualClock;
let hardware: { bus: VirtualBus; gpio: VirtualGpio };

beforeEach(() => {
  clock = new VirtualClock();
  hardware = { bus: new VirtualBus(clock), gpio: new VirtualGpio(clock) };
  hardware.bus.plug(address, new RegisterModel());
});

describe("a process's ports to the hat", () => {
  it("carry transfers, lines and levels both ways", async () => {
    const { bus, gpio } = connectPorts(hardware);
    await clock.run(bus.write(address, Uint8Array.of(3, 7)));
    await clock.run(bus.write(address, Uint8Array.of(3)));
    expect([...(await clock.run(bus.read(address, 1)))]).toEqual([7]);
    (await gpio.openOutput(16, 1)).write(0);
    expect([hardware.gpio.isOutput(16), hardware.gpio.level(16)]).toEqual([true, 0]);
    hardware.gpio.drive(22, 1);
    expect((await gpio.openInput(22)).read()).toBe(1);
  });

  it("close the bus when what is under way has ended, and refuse what comes later", async () => {
    const { bus } = connectPorts(hardware);
    const order: string[] = [];
    const write = bus.write(address, Uint8Array.of(1, 2)).then(() => order.push("written"));
    const closed = bus.close().then(() => order.push("closed"));
    await expect(bus.read(address, 1)).rejects.toMatchObject({ code: "absent" });
    await clock.advance(millis(0.1));
    expect(order).toEqual([]);
    await clock.advance(millis(1));
    await Promise.all([write, closed]);
    expect(order).toEqual(["written", "closed"]);
  });

  it("close the bus also after a transfer that failed", async () => {
    const { bus } = connectPorts(hardware);
    await expect(clock.run(bus.read(0x50, 1))).rejects.toMatchObject({ code: "nack" });
    await bus.close();
  });

  it("let go of their own lines when they close, at the levels that these have, and of nobody else's", async () => {
    const [mine, other] = [connectPorts(hardware), connectPorts(hardware)];
    const line = await mine.gpio.openOutput(16, 1);
    const others = await other.gpio.openOutput(18, 1);
    mine.gpio.close();
    expect(() => line.write(0)).toThrow(expect.objectContaining({ code: "io" }));
    await expect(mine.gpio.openInput(22)).rejects.toMatchObject({ code: "io" });
    expect(hardware.gpio.level(16)).toBe(1);
    others.write(0);
    expect((await other.gpio.openOutput(16, 0)).read()).toBe(0);
  });

  it("reach nothing any more once severed", async () => {
    const connection = connectPorts(hardware);
    const line = await connection.gpio.openOutput(16, 1);
    connection.sever();
    expect(() => line.write(0)).toThrow(expect.objectContaining({ code: "io" }));
    await expect(connection.bus.write(address, Uint8Array.of(1))).rejects.toMatchObject({ code: "absent" });
    await expect(connection.gpio.openOutput(18, 1)).rejects.toMatchObject({ code: "io" });
    expect(hardware.gpio.level(16)).toBe(1);
    // The hardware itself works on.
    await clock.run(hardware.bus.write(address, Uint8Array.of(1)));
  });
});
