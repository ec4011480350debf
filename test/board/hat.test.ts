import { describe, expect, it } from "vitest";
import { celsius, millis, relativeHumidity, seconds } from "../../src/base/units.ts";
import { openHat } from "../../src/board/open-hat.ts";
import type { ScreenTarget } from "../../src/board/screen/feed.ts";
import { type EdgeListener, type GpioPort, LineError } from "../../src/chips/lines.ts";
import type { ButtonEdge } from "../../src/control/input.ts";
import { hatAddresses } from "../../src/simulation/virtual-hat/virtual-hat.ts";
import { activeLowRelay, type StillHatOptions } from "../simulation/virtual-hat/test-hat.ts";
import { hatRig, screen, traced } from "./hat-rig.ts";

async function opened(options: StillHatOptions = {}) {
  const rig = hatRig(options);
  const hat = await rig.clock.run(openHat(rig));
  return { ...rig, hat };
}

const never = new Promise<never>(() => {});

describe("Opening the hat (SR-01)", () => {
  it("opens the relay's line first, off, and reads it back before any other line", async () => {
    const rig = hatRig();
    const { gpio, trace } = traced(rig.hardware.gpio);
    await openHat({ ...rig, hardware: { ...rig.hardware, gpio } });
    expect(trace.slice(0, 4)).toEqual(["output 16 at 0", "write 16 0", "read 16", "output 18 at 0"]);
  });

  it("opens an active-low relay high", async () => {
    const { virtual, hat } = await opened({ wiring: activeLowRelay });
    expect(virtual.gpio.level(16)).toBe(1);
    expect(virtual.contactClosed).toBe(false);
    hat.setHeater(true);
    expect(virtual.contactClosed).toBe(true);
    expect(hat.readRelay()).toBe(true);
  });

  it("turns off a relay that a killed process left on, without another closure", async () => {
    const rig = hatRig();
    const line = await rig.virtual.connect().gpio.openOutput(16, 1);
    line.write(1);
    rig.virtual.processDied();
    expect(rig.virtual.contactClosed).toBe(true);
    await openHat({ ...rig, hardware: rig.virtual.connect() });
    expect(rig.virtual.contactClosed).toBe(false);
    expect(rig.virtual.contactClosures).toBe(1);
  });

  it("is refused with a code when the relay's line cannot be had", async () => {
    const rig = hatRig();
    rig.virtual.gpio.refuse(16, "busy");
    await expect(openHat(rig)).rejects.toMatchObject({ name: "LineError", code: "busy" });
  });

  it("is refused when the relay's line reads on although it was driven off", async () => {
    const rig = hatRig();
    rig.virtual.gpio.stick(16, 1);
    await expect(openHat(rig)).rejects.toThrow(/still reads on/);
    // The line is given back: once it is free of the fault, another start has it.
    await expect(rig.virtual.connect().gpio.openOutput(16, 0)).resolves.toBeDefined();
  });

  it("goes on without LEDs, buttons, sensor and display, and says so (SR-11)", async () => {
    const rig = hatRig({ display: "none" });
    for (const line of [18, 19, 22, 24, 26]) rig.virtual.gpio.refuse(line, "busy");
    rig.virtual.bus.unplug(hatAddresses.sensor);
    const hat = await openHat(rig);
    hat.show(screen);
    const reading = await rig.clock.run(hat.readSensor());
    expect(reading).toMatchObject({ kind: "failed", reason: "nack" });
    expect(hat.health).toEqual({
      display: undefined,
      displayFailing: true,
      buttonsFailing: true,
      ledsFailing: true,
      relayFailing: false,
    });
    hat.setModeLed(true);
    hat.setHeater(true);
    expect(rig.virtual.contactClosed).toBe(true);
  });
});

describe("The hat's outputs", () => {
  it("switch the relay and read its line back", async () => {
    const { hat, virtual } = await opened();
    expect(hat.readRelay()).toBe(false);
    hat.setHeater(true);
    expect(virtual.contactClosed).toBe(true);
    expect(hat.readRelay()).toBe(true);
    hat.setHeater(false);
    expect(virtual.contactClosed).toBe(false);
  });

  it("assert a level again, so that a line which somebody changed follows at the next step", async () => {
    const { hat, virtual } = await opened();
    hat.setHeater(true);
    const end = virtual.gpio.stick(16, 0);
    expect(hat.readRelay()).toBe(false);
    end();
    hat.setHeater(false);
    hat.setHeater(true);
    expect(virtual.contactClosed).toBe(true);
  });

  it("never throw when the relay's line fails: it shows in the health, and is logged once", async () => {
    const { hat, virtual, logged } = await opened();
    virtual.processDied();
    for (let step = 0; step < 5; step++) {
      hat.setHeater(true);
      expect(hat.readRelay()).toBeUndefined();
    }
    expect(hat.health.relayFailing).toBe(true);
    expect(logged.filter(({ event }) => event === "line-failed")).toHaveLength(2);
  });

  it("keep one failure apart from another: a line that reads but takes no writes is logged once", async () => {
    const rig = hatRig();
    let broken = false;
    const gpio: GpioPort = {
      ...rig.hardware.gpio,
      openOutput: async (line, initial) => {
        const output = await rig.hardware.gpio.openOutput(line, initial);
        return {
          ...output,
          write: (level) => {
            if (broken) throw new LineError("io", "no");
            output.write(level);
          },
        };
      },
    };
    const hat = await openHat({ ...rig, hardware: { ...rig.hardware, gpio } });
    broken = true;
    for (let step = 0; step < 5; step++) {
      hat.setHeater(true);
      hat.setModeLed(true);
      expect(hat.readRelay()).toBe(false);
    }
    expect(hat.health).toMatchObject({ relayFailing: true, ledsFailing: true });
    const parts = rig.logged
      .filter(({ event }) => event === "line-failed")
      .map(({ fields }) => fields?.["part"]);
    expect(parts).toEqual(["relay-write", "mode-led"]);
    broken = false;
    hat.setHeater(true);
    expect(hat.health.relayFailing).toBe(false);
  });

  it("light the LEDs, by their polarity", async () => {
    const rig = hatRig();
    const inverted = { ...rig.wiring, statusLed: { ...rig.wiring.statusLed, activeLevel: 0 as const } };
    const hat = await openHat({ ...rig, wiring: inverted });
    expect(rig.virtual.gpio.level(26)).toBe(1);
    hat.setModeLed(true);
    hat.setStatusLed(true);
    expect([rig.virtual.gpio.level(18), rig.virtual.gpio.level(26)]).toEqual([1, 0]);
    hat.setModeLed(false);
    hat.setStatusLed(false);
    expect([rig.virtual.gpio.level(18), rig.virtual.gpio.level(26)]).toEqual([0, 1]);
  });
});

describe("The hat's sensor", () => {
  it("reads temperature and humidity", async () => {
    const { hat, air, clock } = await opened();
    air.temperature = celsius(-3.25);
    air.humidity = relativeHumidity(61);
    const reading = await clock.run(hat.readSensor());
    expect(reading.kind).toBe("ok");
    if (reading.kind !== "ok") return;
    expect(reading.temperature).toBeCloseTo(-3.25, 2);
    expect(reading.humidity).toBeCloseTo(61, 2);
    expect(reading.raw.temperature).toBeGreaterThan(0);
  });

  it("gives no reading of a bad CRC, and recovers", async () => {
    const { hat, virtual, clock } = await opened();
    const end = virtual.bus.inject({ kind: "bad-crc", address: hatAddresses.sensor });
    expect(await clock.run(hat.readSensor())).toMatchObject({ kind: "failed", reason: "bad-crc" });
    end();
    expect(await clock.run(hat.readSensor())).toMatchObject({ kind: "ok" });
  });

  it("is found at its other address", async () => {
    const { hat, virtual, clock } = await opened();
    virtual.bus.unplug(0x44);
    virtual.bus.plug(0x45, virtual.sensor);
    expect((await clock.run(hat.readSensor())).kind).toBe("ok");
    const asked = virtual.bus.traffic(0x44).transfers;
    expect((await clock.run(hat.readSensor())).kind).toBe("ok");
    expect(virtual.bus.traffic(0x44).transfers).toBe(asked);
  });

  it("is found again when it comes back at its other address, and back again", async () => {
    const { hat, virtual, clock } = await opened();
    expect((await clock.run(hat.readSensor())).kind).toBe("ok");
    for (const [from, to] of [
      [0x44, 0x45],
      [0x45, 0x44],
    ] as const) {
      virtual.bus.unplug(from);
      expect(await clock.run(hat.readSensor())).toMatchObject({ kind: "failed", reason: "nack" });
      virtual.bus.plug(to, virtual.sensor);
      const kinds: string[] = [];
      for (let reading = 0; reading < 4; reading++) kinds.push((await clock.run(hat.readSensor())).kind);
      expect(kinds).toEqual(["failed", "ok", "ok", "ok"]);
    }
  });

  it("is found beside another chip at its first address, which is named while there is no sensor (SR-11)", async () => {
    const { hat, virtual, clock } = await opened();
    virtual.bus.plug(0x44, { write: () => true, read: (length) => new Uint8Array(length) });
    for (let reading = 0; reading < 3; reading++) await clock.run(hat.readSensor());
    expect(await clock.run(hat.readSensor())).toMatchObject({ kind: "failed", reason: "wrong-chip" });
    virtual.bus.plug(0x45, virtual.sensor);
    expect((await clock.run(hat.readSensor())).kind).toBe("ok");
  });

  it("gives none of 1,440 readings too warm, however often its own heater is switched on under way (SR-03)", async () => {
    const { hat, virtual, clock } = await opened();
    let good = 0;
    const reasons = new Set<string>();
    for (let reading = 0; reading < 1440; reading++) {
      // As a disturbance or another program would, once in two minutes.
      if (reading % 60 === 30) virtual.sensor.write(Uint8Array.of(0x30, 0x6d));
      const got = await clock.run(hat.readSensor());
      if (got.kind === "ok") {
        good++;
        expect(got.temperature).toBeCloseTo(18, 1);
      } else reasons.add(got.reason);
      await clock.advance(seconds(2));
    }
    expect(reasons).toEqual(new Set(["heater-on"]));
    // Each time it is off for the reading that showed it, and for the 20 s in which it cools.
    expect(good).toBeGreaterThan(1440 * 0.8);
  });
});

describe("The hat's buttons", () => {
  it("report each edge in the instant of it, polarity resolved", async () => {
    const { hat, virtual, clock } = await opened();
    const edges: ButtonEdge[] = [];
    hat.onButton((edge) => edges.push(edge));
    virtual.press("a", millis(100));
    await clock.advance(millis(500));
    virtual.press("mode", millis(50));
    await clock.advance(millis(500));
    expect(edges).toEqual([
      { button: "a", pressed: true, atMs: 0 },
      { button: "a", pressed: false, atMs: 100 },
      { button: "mode", pressed: true, atMs: 500 },
      { button: "mode", pressed: false, atMs: 550 },
    ]);
  });

  it("began as late and ended as early as they can have, where a stall hid the time of an edge", async () => {
    const rig = hatRig();
    const told: EdgeListener[] = [];
    const gpio: GpioPort = {
      openOutput: (line, initial) => rig.hardware.gpio.openOutput(line, initial),
      openInput: async (line) => {
        const input = await rig.hardware.gpio.openInput(line);
        if (line !== rig.wiring.buttonA.line) return input;
        const onChange = (listener: EdgeListener) => {
          told.push(listener);
          return () => undefined;
        };
        return { ...input, onChange };
      },
      close: () => rig.hardware.gpio.close(),
    };
    const hat = await openHat({ ...rig, hardware: { ...rig.hardware, gpio } });
    const edges: ButtonEdge[] = [];
    hat.onButton((edge) => edges.push(edge));
    for (const listener of told) {
      listener(1, { earliestMs: millis(100), latestMs: millis(900) });
      listener(0, { earliestMs: millis(950), latestMs: millis(4000) });
    }
    expect(edges).toEqual([
      { button: "a", pressed: true, atMs: 900 },
      { button: "a", pressed: false, atMs: 950 },
    ]);
  });

  it("pass every bounce on: the core debounces", async () => {
    const { hat, virtual, clock } = await opened({ bounce: true });
    const edges: boolean[] = [];
    hat.onButton(({ pressed }) => edges.push(pressed));
    virtual.hold("b");
    await clock.advance(millis(100));
    expect(edges).toEqual([true, false, true, false, true]);
  });

  it("that are down from the start count only from the next press", async () => {
    const rig = hatRig();
    rig.virtual.hold("a");
    rig.virtual.hold("mode");
    const hat = await openHat(rig);
    const edges: string[] = [];
    hat.onButton(({ button, pressed }) => edges.push(`${button} ${pressed}`));
    await rig.clock.advance(seconds(1));
    expect(edges).toEqual([]);
    rig.virtual.release("a");
    rig.virtual.hold("a");
    expect(edges).toEqual(["a false", "a true"]);
  });

  it("fail alone", async () => {
    const rig = hatRig();
    rig.virtual.gpio.refuse(22, "denied");
    const hat = await openHat(rig);
    const edges: string[] = [];
    hat.onButton(({ button }) => edges.push(button));
    rig.virtual.hold("b");
    expect(edges).toEqual(["b"]);
    expect(hat.health.buttonsFailing).toBe(true);
  });
});

describe("The hat's display", () => {
  it("shows the screen and is named in the health", async () => {
    const { hat, virtual, clock } = await opened();
    hat.show(screen);
    await clock.advance(seconds(2));
    expect(hat.health).toMatchObject({ display: "oled-128x128", displayFailing: false });
    expect(virtual.bus.traffic(hatAddresses.oled).bytesWritten).toBeGreaterThan(500);
  });

  it("delays neither relay, button nor sensor while it hangs for ever", async () => {
    const rig = hatRig();
    const stuck: ScreenTarget = { kind: "oled-128x128", show: () => never };
    const hat = await openHat({ ...rig, findDisplay: async () => stuck });
    const edges: ButtonEdge[] = [];
    hat.onButton((edge) => edges.push(edge));
    for (let second = 0; second < 10; second++) {
      hat.show(screen);
      await rig.clock.advance(seconds(1));
    }
    const before = rig.clock.now();
    const reading = await rig.clock.run(hat.readSensor());
    expect(reading.kind).toBe("ok");
    expect(rig.clock.now() - before).toBeLessThan(40);
    rig.virtual.hold("a");
    hat.setHeater(true);
    expect(edges).toHaveLength(1);
    expect(rig.virtual.contactClosed).toBe(true);
    expect(hat.health.displayFailing).toBe(true);
  });

  it("delays a sensor reading by no more than one small transfer each time while it draws a whole frame", async () => {
    const { hat, clock } = await opened();
    for (let settled = 0; settled < 2; settled++) await clock.run(hat.readSensor());
    const alone = await timed(clock, () => hat.readSensor());
    hat.show(screen);
    const beside = await timed(clock, () => hat.readSensor());
    // Four transfers (measure, read, ask for the status, read), each behind at most one run of a page: 129 bytes at
    // 100 kHz are 12 ms.
    expect(beside - alone).toBeLessThan(50);
  });
});

async function timed(
  clock: { now(): number; run<T>(work: Promise<T>): Promise<T> },
  work: () => Promise<unknown>,
) {
  const before = clock.now();
  await clock.run(work());
  return clock.now() - before;
}
