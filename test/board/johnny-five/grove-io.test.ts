import { describe, expect, it } from "vitest";
import { GroveIo } from "../../../src/board/johnny-five/grove-io.ts";
import type { GpioPort } from "../../../src/chips/lines.ts";
import { hatRig } from "../hat-rig.ts";

async function opened() {
  const { virtual, wiring } = hatRig();
  const io = await GroveIo.open({
    gpio: virtual.gpio,
    relay: wiring.relay,
    outputs: [wiring.modeLed],
    inputs: [wiring.buttonA],
  });
  return { io, virtual };
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
    expect(io.pins[18]).toMatchObject({ value: 1 });
    expect(virtual.gpio.level(18)).toBe(1);
    expect(virtual.gpio.isOutput(7)).toBe(false);
  });
  it("tells why a line could not be had, also where that was no error of the line", async () => {
    const { virtual, wiring } = hatRig();
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
    io.setInputLevel(22, 1);
    expect(levels).toEqual([0]);
  });
});
