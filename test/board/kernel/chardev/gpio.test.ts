import { describe, expect, it } from "vitest";
import { millis } from "../../../../src/base/units.ts";
import { openCharGpio } from "../../../../src/board/kernel/chardev/gpio.ts";
import { HeldLine, requestLine } from "../../../../src/board/kernel/chardev/line.ts";
import { flags } from "../../../../src/board/kernel/chardev/uapi.ts";
import { type EdgeTime, type GpioPort, type Level, LineError } from "../../../../src/chips/lines.ts";
import { VirtualClock } from "../../../../src/simulation/time/virtual-clock.ts";
import { gpioContract } from "../../../contract/gpio-contract.ts";
import { failureOf } from "../failure-of.ts";
import { bootNs, FakeGpioDevices } from "./fake-gpiochip.ts";

const label = "pinctrl-rp1";
const pullUp = 256n;
const pullDown = 512n;

/** A Pi 5: the header's chip beside another one. */
function pi() {
  const devices = new FakeGpioDevices();
  devices.add("gpio-brcmstb@107d508500", 32);
  const chip = devices.add(label);
  return { devices, chip };
}

interface Inherited {
  readonly line: number;
  readonly descriptor: number;
}

function open({ devices, inherited }: { devices: FakeGpioDevices; inherited?: Inherited }) {
  const clock = new VirtualClock();
  const kernelNow = () => bootNs + BigInt(Math.round(clock.now() * 1e6));
  devices.kernelNow = kernelNow;
  const port = openCharGpio([label], {
    clock,
    devices,
    inherited,
    kernelNow,
    openReadiness: async () => devices.readiness,
  });
  return { port, clock };
}

describe("The character device keeps the contract of GPIO:", () => {
  const { devices, chip } = pi();
  const { port, clock } = open({ devices });
  it.each(gpioContract)("$name", async ({ run }) => {
    const running = run({
      gpio: await port,
      clock,
      outputs: [20, 21],
      inputs: [23, 25],
      beyond: 54,
      drive: (line, level) => {
        devices.drive(chip, line, level);
        devices.deliver();
      },
      level: (line) => chip.line(line).level,
    });
    let done = false;
    void running.finally(() => {
      done = true;
    });
    for (let turn = 0; turn < 1000 && !done; turn += 1) await clock.advance(millis(5));
    await running;
  });
});

describe("An output on the character device", () => {
  it("is at its initial level from the first instant, and held in our name", async () => {
    const { devices, chip } = pi();
    const gpio = await open({ devices }).port;
    chip.line(16).level = 1;
    await gpio.openOutput(16, 0);
    expect(chip.line(16)).toMatchObject({ driven: [0, 0], level: 0, consumer: "grove-heater" });
  });

  it("keeps its line while it is closed, so that it does not float", async () => {
    const { devices, chip } = pi();
    chip.persists = false;
    const gpio = await open({ devices }).port;
    const led = await gpio.openOutput(18, 1);
    led.close();
    expect(() => led.write(0)).toThrow("has been closed");
    expect(chip.line(18)).toMatchObject({ level: 1, flags: 8n, consumer: "grove-heater" });
    gpio.close();
    expect([chip.line(18).consumer, devices.openDescriptors]).toEqual(["", 0]);
  });

  it("that another program holds is refused with that program's name and the next step", async () => {
    const { devices, chip } = pi();
    devices.take(chip, 16, "fancontrol");
    const gpio = await open({ devices }).port;
    const { code, message } = await failureOf(gpio.openOutput(16, 0));
    expect(code).toBe("busy");
    expect(message).toMatch(/GPIO line 16: .*"fancontrol" holds it: stop that program/);
    expect(chip.line(16).driven).toEqual([]);
  });

  it("that does not read back at its level is no output", async () => {
    const { devices, chip } = pi();
    chip.wire.set(16, 1);
    const gpio = await open({ devices }).port;
    expect(await failureOf(gpio.openOutput(16, 0))).toMatchObject({ code: "io" });
  });

  it.each([
    ["EACCES", "denied", "usermod -aG gpio"],
    ["ENODEV", "absent", "board definition"],
    ["EIO", "io", "doctor"],
  ])("tells %s as %s, with what to do", async (errno, code, words) => {
    const { devices } = pi();
    const gpio = await open({ devices }).port;
    const line = await gpio.openOutput(20, 0);
    devices.fails = errno;
    const error = (() => {
      try {
        line.write(1);
      } catch (thrown) {
        return thrown;
      }
      throw new Error("it did not fail");
    })();
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
  });
});

describe("The relay's line that the guardian holds", () => {
  const guardian = (devices: FakeGpioDevices, consumer = "grove-heater relay") => {
    const chip = { label, path: "/dev/gpiochip1", lines: 54 };
    const config = { flags: flags.output, level: 0 } as const;
    return requestLine(chip, { line: 16, consumer, config }, devices);
  };

  it("is driven by the loop through the descriptor that it inherited, and by the guardian at any time", async () => {
    const { devices, chip } = pi();
    const held = guardian(devices);
    const gpio = await open({ devices, inherited: { line: 16, descriptor: held.descriptor } }).port;
    const relay = await gpio.openOutput(16, 0);
    relay.write(1);
    expect(chip.line(16).level).toBe(1);
    held.write(0);
    expect([chip.line(16).level, relay.read()]).toEqual([0, 0]);
  });

  it("is not taken for what another program's descriptor holds", async () => {
    const { devices } = pi();
    const { descriptor } = guardian(devices, "somebody else");
    const gpio = await open({ devices, inherited: { line: 16, descriptor } }).port;
    expect(await failureOf(gpio.openOutput(16, 0))).toMatchObject({ code: "io" });
  });

  it("is no file that is not one", async () => {
    const { devices } = pi();
    guardian(devices);
    const gpio = await open({ devices, inherited: { line: 16, descriptor: 99 } }).port;
    expect(await failureOf(gpio.openOutput(16, 0))).toBeInstanceOf(LineError);
  });
});

describe("An input on the character device", () => {
  it.each([
    ["up", pullUp],
    ["down", pullDown],
    [undefined, 0n],
  ] as const)("is pulled %s where that is wanted, without a line in config.txt", async (pull, flag) => {
    const { devices, chip } = pi();
    const gpio = await open({ devices }).port;
    await gpio.openInput(22, pull);
    expect(chip.line(22).flags & (pullUp | pullDown)).toBe(flag);
    expect(chip.line(22).flags & 4n).toBe(4n);
  });

  /** A button, and every edge that was told. */
  async function button() {
    const { devices, chip } = pi();
    const { port, clock } = open({ devices });
    const gpio: GpioPort = await port;
    const line = await gpio.openInput(22, "down");
    const told: [Level, EdgeTime][] = [];
    line.onChange((level, time) => told.push([level, time]));
    /** At `ms` of the firmware's clock, while the event loop stands still. */
    const at = (ms: number, level: Level) => devices.drive(chip, 22, level, bootNs + BigInt(ms * 1e6));
    return { devices, chip, clock, told, at, line, gpio };
  }
  const exactly = (ms: number): EdgeTime => ({ earliestMs: millis(ms), latestMs: millis(ms) });

  it("tells each press that a stall hid, with its true times", async () => {
    const { devices, clock, told, at } = await button();
    at(1000, 1);
    at(1150, 0);
    at(2000, 1);
    at(2090, 0);
    await clock.advance(millis(9000));
    devices.deliver();
    expect(told).toEqual([
      [1, exactly(1000)],
      [0, exactly(1150)],
      [1, exactly(2000)],
      [0, exactly(2090)],
    ]);
  });

  it("passes over a bounce that was over when the kernel looked at the level", async () => {
    const { devices, chip, told } = await button();
    devices.edge(chip.line(22), 0);
    devices.edge(chip.line(22), 0);
    devices.deliver();
    expect(told).toEqual([]);
  });

  it("notices edges that the kernel could not keep: a level twice in a row had the other one between", async () => {
    const { devices, chip, clock, told, at } = await button();
    await clock.advance(millis(10));
    at(10, 1);
    devices.deliver();
    // 300 edges while 256 are kept, and the first of those that are left rises, as the last one told did.
    for (let edge = 0; edge < 300; edge += 1) at(20 + edge, edge % 2 === 0 ? 0 : 1);
    chip.line(22).edges.shift();
    await clock.advance(millis(5000));
    devices.deliver();
    expect(told.slice(0, 3)).toEqual([
      [1, exactly(10)],
      [0, { earliestMs: millis(10), latestMs: millis(65) }],
      [1, exactly(65)],
    ]);
    expect(told.every(([level], index) => index === 0 || level !== told[index - 1]?.[0])).toBe(true);
  });

  it("never tells of an edge in the future, whatever the clocks say", async () => {
    const { devices, clock, told, at } = await button();
    await clock.advance(millis(100));
    at(5000, 1);
    devices.deliver();
    expect(told).toEqual([[1, exactly(100)]]);
  });

  it("gives its line back when it is closed, and can be opened again", async () => {
    const { chip, line, gpio, devices } = await button();
    expect(await failureOf(gpio.openInput(22))).toMatchObject({ code: "busy" });
    line.close();
    expect(chip.line(22).consumer).toBe("");
    await gpio.openInput(22, "down");
    gpio.close();
    expect(devices.openDescriptors).toBe(0);
  });
});

describe("The GPIO chips of the character devices", () => {
  it("are found by label; a line has the number of the SoC, whatever else there is", async () => {
    const { devices, chip } = pi();
    const gpio = await open({ devices }).port;
    await gpio.openOutput(16, 1);
    expect(chip.line(16).level).toBe(1);
    expect([...devices.chips.values()][0]?.lines.every(({ driven }) => driven.length === 0)).toBe(true);
  });

  it("are refused where none has the label, with those that there are", async () => {
    const devices = new FakeGpioDevices();
    devices.add("gpio-brcmstb@107d508500", 32);
    const error = await failureOf(open({ devices }).port);
    expect(error).toMatchObject({
      code: "absent",
      message: expect.stringContaining("gpio-brcmstb@107d508500"),
    });
  });

  it("are refused where two have it", async () => {
    const { devices } = pi();
    devices.add(label);
    expect(await failureOf(open({ devices }).port)).toMatchObject({
      code: "absent",
      message: expect.stringContaining("refusing to guess"),
    });
  });

  it("that this user may not open are told as such, with the group to join", async () => {
    const { devices } = pi();
    devices.refused.add("/dev/gpiochip1");
    expect(await failureOf(open({ devices }).port)).toMatchObject({
      code: "denied",
      message: expect.stringContaining("/dev/gpiochip1 may not be opened: join the gpio group"),
    });
  });

  it("keep every descriptor closed that is not needed", async () => {
    const { devices } = pi();
    await open({ devices }).port;
    expect(devices.openDescriptors).toBe(0);
    expect(new HeldLine({ label, path: "", lines: 1 }, 0, 5, devices).descriptor).toBe(5);
  });
});
