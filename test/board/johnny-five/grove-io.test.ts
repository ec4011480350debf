import { describe, expect, it } from "vitest";
import { millis } from "../../../src/base/units.ts";
import { GroveIo } from "../../../src/board/johnny-five/grove-io.ts";
import type { I2cBus } from "../../../src/chips/bus.ts";
import { BusError } from "../../../src/chips/bus.ts";
import type { GpioPort } from "../../../src/chips/lines.ts";
import { hatRig } from "../hat-rig.ts";

/** A chip with registers at 0x10; the pointer is the first byte written. */
class RegisterBus implements I2cBus {
  readonly registers = new Uint8Array(16);
  failing = false;
  reads = 0;
  #pointer = 0;
  async write(_address: number, [pointer = 0, ...values]: Uint8Array): Promise<void> {
    if (this.failing) throw new BusError("nack", "no answer");
    this.#pointer = pointer;
    this.registers.set(values, pointer);
  }
  async read(_address: number, length: number): Promise<Uint8Array> {
    if (this.failing) throw new BusError("nack", "no answer");
    this.reads++;
    return this.registers.slice(this.#pointer, this.#pointer + length);
  }
  async close(): Promise<void> {}
}

async function opened() {
  const { clock, virtual, wiring } = hatRig();
  const bus = new RegisterBus();
  const io = await GroveIo.open({
    gpio: virtual.gpio,
    bus,
    clock,
    relay: wiring.relay,
    outputs: [wiring.modeLed],
    inputs: [wiring.buttonA],
  });
  return { io, bus, clock, virtual };
}

describe("The IO plugin towards johnny-five", () => {
  it("looks like no Arduino and no Firmata", async () => {
    const { io } = await opened();
    expect(["Firmata", "Mock"]).not.toContain(io.name);
    expect([20, 25, 70]).not.toContain(io.pins.length);
  });

  it("describes each pin before it is ready: outputs, inputs, and the rest not to be used", async () => {
    const { io } = await opened();
    expect(io.isReady).toBe(false);
    expect(io.pins[16]).toMatchObject({ id: "GPIO16", supportedModes: [1], mode: 1, analogChannel: 127 });
    expect(io.pins[22]).toMatchObject({ supportedModes: [0], mode: 0 });
    expect(io.pins[7]).toMatchObject({ supportedModes: [] });
  });

  it("announces connect, then ready", async () => {
    const { io } = await opened();
    const events: string[] = [];
    for (const event of ["ready", "connect"]) io.on(event, () => events.push(event));
    io.announce();
    expect(events).toEqual(["connect", "ready"]);
  });

  it("refuses a mode for which the line is not wired", async () => {
    const { io } = await opened();
    io.pinMode(18, io.MODES.OUTPUT);
    expect(() => io.pinMode(22, io.MODES.OUTPUT)).toThrow(/line 22 is not wired/);
    expect(() => io.pinMode(18, io.MODES.PWM)).toThrow(RangeError);
  });

  it("reports the level at once and at each change, and takes a pin as text", async () => {
    const { io, virtual } = await opened();
    const levels: number[] = [];
    io.digitalRead("22", (level) => levels.push(level));
    virtual.hold("a");
    virtual.release("a");
    expect(levels).toEqual([0, 1, 0]);
    expect(io.pins[22]).toMatchObject({ report: 1, value: 0 });
  });

  it("writes only to lines that it has", async () => {
    const { io, virtual } = await opened();
    io.digitalWrite(18, io.HIGH);
    io.digitalWrite(7, io.HIGH);
    expect(io.pins[18]?.value).toBe(1);
    expect(virtual.gpio.level(18)).toBe(1);
    expect(virtual.gpio.isOutput(7)).toBe(false);
  });

  it("tells why a line could not be had, also where that was no error of the line", async () => {
    const { clock, virtual, wiring } = hatRig();
    virtual.gpio.refuse(wiring.buttonA.line, "busy");
    const gpio: GpioPort = {
      openOutput: (line, initial) =>
        line === wiring.modeLed.line
          ? Promise.reject(new TypeError("not a line's error"))
          : virtual.gpio.openOutput(line, initial),
      openInput: (line) => virtual.gpio.openInput(line),
      close: () => virtual.gpio.close(),
    };
    const io = await GroveIo.open({
      gpio,
      bus: new RegisterBus(),
      clock,
      relay: wiring.relay,
      outputs: [wiring.modeLed],
      inputs: [wiring.buttonA, wiring.buttonB],
    });
    expect(io.failureOf(wiring.buttonA.line)).toMatchObject({ name: "LineError", code: "busy" });
    const failure = io.failureOf(wiring.modeLed.line);
    expect(failure).toMatchObject({ name: "LineError", code: "io", cause: { name: "TypeError" } });
    expect(failure?.message).toContain("not a line's error");
    expect([wiring.relay, wiring.buttonB].map(({ line }) => io.failureOf(line))).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("reports nothing of its lines once it is closed", async () => {
    const { io } = await opened();
    const levels: number[] = [];
    io.digitalRead(22, (level) => levels.push(level));
    io.close();
    io.pretend(22, 1);
    expect(levels).toEqual([0]);
  });

  it("writes registers and reads them once", async () => {
    const { io, bus, clock } = await opened();
    io.i2cConfig();
    io.i2cWrite(0x10, 2, [7, 8]);
    io.i2cWriteReg(0x10, 4, 9);
    io.i2cWrite(0x10, [5, 10]);
    await clock.settle();
    const answers: number[][] = [];
    io.i2cReadOnce(0x10, 2, 4, (bytes) => answers.push(bytes));
    await clock.settle();
    io.i2cReadOnce(0x10, 1, (bytes) => answers.push(bytes));
    await clock.settle();
    expect(answers).toEqual([[7, 8, 9, 10], [7]]);
    expect(bus.reads).toBe(2);
  });

  it("reads again and again until it is closed, with a pause for the others on the bus", async () => {
    const { io, bus, clock } = await opened();
    io.i2cConfig({ delay: 0 });
    io.i2cRead(0x10, 0, 1, () => {});
    await clock.advance(millis(220));
    expect(bus.reads).toBe(5);
    io.close();
    await clock.advance(millis(500));
    expect(bus.reads).toBe(5);
  });

  it("tells of a failed transfer without throwing, and goes on", async () => {
    const { io, bus, clock } = await opened();
    const failures: unknown[] = [];
    io.on("i2c-failure", (error) => failures.push(error));
    bus.failing = true;
    io.i2cRead(0x10, 0, 1, () => {});
    io.i2cWrite(0x10, [1]);
    await clock.settle();
    bus.failing = false;
    await clock.advance(millis(60));
    expect(failures).toHaveLength(2);
    expect(bus.reads).toBe(1);
  });
});
