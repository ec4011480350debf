import { beforeEach, describe, expect, it } from "vitest";
import { celsius, type Millis, millis, minutes, relativeHumidity, seconds } from "../../../src/base/units.ts";
import { Jhd1802 } from "../../../src/chips/jhd1802.ts";
import { Oled, sh1107Panel, ssd1306Panel } from "../../../src/chips/oled.ts";
import { Sht31 } from "../../../src/chips/sht31.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { hatFaultNames } from "../../../src/simulation/virtual-hat/faults.ts";
import {
  hatAddresses,
  VirtualHat,
  type VirtualHatOptions,
} from "../../../src/simulation/virtual-hat/virtual-hat.ts";
import { activeLowRelay, virtualWiring } from "./test-hat.ts";

/** Warms by 1 K a minute while the heater is on, and remembers for how long it was. */
class Stove {
  temperature = 20;
  onMs = 0;
  offMs = 0;
  readonly humidity = relativeHumidity(40);
  measure() {
    return celsius(this.temperature);
  }
  advance(elapsed: Millis, heaterOn: boolean): void {
    if (heaterOn) this.onMs += elapsed;
    else this.offMs += elapsed;
    if (heaterOn) this.temperature += elapsed / 60_000;
  }
}

const { relay, buttonA, modeButton, modeLed } = virtualWiring;
let clock: VirtualClock;
let plant: Stove;
let hat: VirtualHat;

function build(options: Partial<VirtualHatOptions> = {}): VirtualHat {
  clock = new VirtualClock();
  plant = new Stove();
  return new VirtualHat({ clock, wiring: virtualWiring, plant, ...options });
}

beforeEach(() => {
  hat = build();
});

const wait = (duration: Millis) => clock.advance(duration);
async function temperature(): Promise<number | string> {
  const reading = await clock.run(new Sht31(hat.bus, clock).measure());
  return reading.kind === "ok" ? Math.round(reading.temperature * 100) / 100 : reading.reason;
}

describe("the virtual hat", () => {
  it("warms the room exactly while the relay's contact is closed, however seldom anybody looks", async () => {
    const line = await hat.gpio.openOutput(relay.line, 0);
    await wait(minutes(10));
    line.write(1);
    await wait(minutes(3));
    line.write(0);
    await wait(minutes(10));
    expect(await temperature()).toBe(23);
    expect([plant.onMs, hat.heaterOnTime, hat.contactClosures]).toEqual([minutes(3), minutes(3), 1]);
    hat.catchUp();
    expect(plant.onMs + plant.offMs).toBeCloseTo(clock.now(), 6);
  });

  it("gives the contact's level the meaning that the wiring gives it", async () => {
    hat = build({ wiring: activeLowRelay });
    const line = await hat.gpio.openOutput(relay.line, 1);
    expect(hat.contactClosed).toBe(false);
    line.write(0);
    expect(hat.contactClosed).toBe(true);
  });

  it("shows which lamps are lit", async () => {
    const lamp = await hat.gpio.openOutput(modeLed.line, 1);
    expect([hat.modeLedLit, hat.statusLedLit]).toEqual([true, false]);
    lamp.write(0);
    expect(hat.modeLedLit).toBe(false);
  });

  it("has buttons that read released by themselves, bounce when pressed, and come to rest", async () => {
    expect([hat.gpio.level(buttonA.line), hat.gpio.level(modeButton.line)]).toEqual([0, 1]);
    hat.press("a", seconds(1));
    hat.press("mode", seconds(1));
    await wait(millis(10));
    expect([hat.gpio.level(buttonA.line), hat.gpio.level(modeButton.line)]).toEqual([1, 0]);
    expect(hat.gpio.changes(buttonA.line)).toBe(5);
    await wait(seconds(2));
    expect([hat.gpio.level(buttonA.line), hat.gpio.level(modeButton.line)]).toEqual([0, 1]);
    expect(hat.gpio.changes(buttonA.line)).toBe(10);
  });

  it("taps a button without a timer: the press has just ended, and took 30 ms", async () => {
    const clock = new VirtualClock();
    await clock.advance(seconds(1));
    const hat = new VirtualHat({ clock, wiring: virtualWiring, plant: new Stove() });
    const input = await hat.gpio.openInput(virtualWiring.buttonB.line);
    const edges: (readonly [level: number, atMs: number])[] = [];
    input.onChange((level, { latestMs }) => edges.push([level, latestMs]));
    hat.tap("b");
    await clock.advance(seconds(1));
    expect(edges).toEqual([
      [1, 970],
      [0, 1000],
    ]);
  });

  it("comes to rest released even after the shortest of presses", async () => {
    hat.press("a", millis(1));
    await wait(seconds(1));
    expect(hat.gpio.level(buttonA.line)).toBe(0);
  });

  it("answers as the hat's ADC does: id 4", async () => {
    await clock.run(hat.bus.write(hatAddresses.adc, Uint8Array.of(0x00)));
    expect([...(await clock.run(hat.bus.read(hatAddresses.adc, 2)))]).toEqual([4, 0]);
  });
});

describe("the displays on the virtual hat", () => {
  it.each([
    { display: "oled-128x128", panel: sh1107Panel },
    { display: "oled-128x64", panel: ssd1306Panel },
  ] as const)(
    "$display shows the driver's frame pixel by pixel, and nothing that it was sent is strange to it",
    async ({ display, panel }) => {
      hat = build({ display });
      const { oled } = hat;
      if (oled === undefined) throw new Error("no display");
      // A pattern that no mirroring, turning or shifting leaves as it is.
      const frame = Uint8Array.from(
        { length: panel.width * panel.pages },
        (_, at) => (at * 37 + (at >> 7) * 11) & 0xff,
      );
      const driver = new Oled(hat.bus, hatAddresses.oled, panel);
      await clock.run(driver.show(frame, 0x80));
      const wrong: string[] = [];
      for (let y = 0; y < oled.height; y++) {
        for (let x = 0; x < oled.width; x++) {
          const wanted = (((frame[(y >> 3) * panel.width + x] ?? 0) >> (y & 7)) & 1) === 1;
          if (oled.lit(x, y) !== wanted) wrong.push(`${x},${y}`);
        }
      }
      expect(wrong).toEqual([]);
      expect(oled.refused).toEqual([]);
      expect(oled.contrast).toBe(0x80);
    },
  );

  it("the character display shows the driver's two lines, and loses nothing", async () => {
    hat = build({ display: "lcd-16x2" });
    await clock.run(new Jhd1802(hat.bus, clock).show(["19.0° → 21.5°", "AUTO        42 %"], [0, 80, 0]));
    expect(hat.lcd?.text).toEqual(["19.0° → 21.5°   ", "AUTO        42 %"]);
    expect(hat.lcd?.lost).toBe(0);
  });
});

describe("a fault of the virtual hat", () => {
  it.each(["nack", "timeout", "bad-crc"] as const)(
    "%s keeps the sensor from being read until it ends",
    async (name) => {
      const end = hat.fault(name);
      expect(await temperature()).toBe(name);
      end();
      await wait(seconds(5));
      expect(await temperature()).toBe(20);
    },
  );

  it("can be limited in time or in transfers", async () => {
    hat.fault("nack", { duration: minutes(1) });
    expect(await temperature()).toBe("nack");
    await wait(minutes(1));
    expect(await temperature()).toBe(20);
    hat.fault("nack", { count: 1 });
    expect(hat.activeFaults).toEqual([]);
    await expect(clock.run(hat.bus.write(hatAddresses.sensor, Uint8Array.of()))).rejects.toThrow("nack");
    expect(await temperature()).toBe(20);
  });

  it("stuck and silent are told apart, and silent wins", async () => {
    expect(await temperature()).toBe(20);
    hat.fault("stuck");
    plant.temperature = 25;
    expect(await temperature()).toBe(20);
    hat.fault("silent");
    expect(await temperature()).toBe("nack");
    hat.endFault("silent");
    expect(await temperature()).toBe(20);
    hat.endFault("stuck");
    expect(await temperature()).toBe(25);
  });

  it("spikes throw about one reading in ten far off, the same ones for the same seed", async () => {
    const series = async (seed: number) => {
      hat = build({ seed });
      hat.fault("spikes");
      const sensor = new Sht31(hat.bus, clock);
      const read: number[] = [];
      for (let i = 0; i < 200; i++) {
        const reading = await clock.run(sensor.measure());
        if (reading.kind === "ok") read.push(reading.temperature);
      }
      return read;
    };
    const first = await series(1);
    const errors = first.map((value) => value - 20).filter((error) => Math.abs(error) > 0.1);
    expect(errors.length).toBeGreaterThan(8);
    expect(errors.length).toBeLessThan(40);
    const sizes = errors.map(Math.abs);
    expect(Math.min(...sizes)).toBeGreaterThan(14.9);
    expect(Math.max(...sizes)).toBeLessThan(60.1);
    expect(Math.max(...sizes)).toBeGreaterThan(40);
    expect([Math.min(...errors) < 0, Math.max(...errors) > 0]).toEqual([true, true]);
    expect(await series(1)).toEqual(first);
    expect(await series(2)).not.toEqual(first);
  });

  it("welded-relay heats against the line, and counts from the moment that it welds", async () => {
    await hat.gpio.openOutput(relay.line, 0);
    await wait(minutes(5));
    hat.fault("welded-relay", { duration: minutes(2) });
    expect([hat.contactClosed, hat.gpio.level(relay.line)]).toEqual([true, 0]);
    await wait(minutes(10));
    hat.catchUp();
    expect([hat.contactClosed, plant.temperature]).toEqual([false, 22]);
    expect([plant.onMs, plant.offMs]).toEqual([minutes(2), minutes(13)]);
  });

  it("dead-heater gives no heat through a closed contact", async () => {
    const line = await hat.gpio.openOutput(relay.line, 1);
    hat.fault("dead-heater", { duration: minutes(2) });
    await wait(minutes(3));
    line.write(0);
    expect([hat.contactClosures, plant.onMs]).toEqual([1, minutes(1)]);
  });

  it("line-stuck holds the relay's line where it is", async () => {
    const line = await hat.gpio.openOutput(relay.line, 0);
    const end = hat.fault("line-stuck");
    line.write(1);
    expect([line.read(), hat.contactClosed]).toEqual([0, false]);
    end();
    expect([line.read(), hat.contactClosed]).toEqual([1, true]);
  });

  it("missing-display leaves the sensor alone", async () => {
    hat.fault("missing-display");
    const driver = new Oled(hat.bus, hatAddresses.oled, sh1107Panel);
    const shown = driver.show(new Uint8Array(2048), 1);
    await expect(clock.run(shown)).rejects.toMatchObject({ code: "nack" });
    expect(await temperature()).toBe(20);
  });

  it.each(hatFaultNames)(
    "%s stands until the last of its kind has ended, and ending twice is harmless",
    async (name) => {
      const first = hat.fault(name);
      const second = hat.fault(name);
      first();
      first();
      expect(hat.activeFaults).toEqual([name]);
      second();
      expect(hat.activeFaults).toEqual([]);
      expect(await temperature()).toBe(20);
    },
  );
});

describe("the end of a process on the virtual hat", () => {
  it("leaves the lines as they are when it dies, and what it left behind can do nothing", async () => {
    const ports = hat.connect();
    const line = await ports.gpio.openOutput(relay.line, 0);
    line.write(1);
    hat.processDied();
    expect(hat.contactClosed).toBe(true);
    expect(() => line.write(0)).toThrow(expect.objectContaining({ code: "io" }));
    await expect(ports.gpio.openInput(buttonA.line)).rejects.toMatchObject({ code: "io" });
    await expect(ports.bus.write(hatAddresses.sensor, Uint8Array.of())).rejects.toMatchObject({
      code: "absent",
    });
    const next = await hat.connect().gpio.openOutput(relay.line, 0);
    expect([next.read(), hat.contactClosed]).toEqual([0, false]);
  });

  it("drops the relay in a power cut, and every chip starts again", async () => {
    const ports = hat.connect();
    await ports.gpio.openOutput(relay.line, 1);
    await clock.run(
      new Oled(ports.bus, hatAddresses.oled, sh1107Panel).show(new Uint8Array(2048).fill(255), 1),
    );
    expect(hat.oled?.lit(5, 5)).toBe(true);
    await temperature();
    expect(hat.sensor.measurements).toBe(1);
    hat.powerDown();
    expect([hat.powered, hat.contactClosed, hat.gpio.isOutput(relay.line)]).toEqual([false, false, false]);
    await wait(minutes(1));
    hat.powerUp();
    expect([hat.powered, hat.contactClosed, hat.oled?.on]).toEqual([true, false, false]);
    expect(hat.sensor.measurements).toBe(0);
    await wait(millis(2));
    expect(await temperature()).toBe(20);
  });

  it("has no attracted relay without power, whatever its line reads", async () => {
    // Floating at 0, an active-low relay closes as soon as there is power.
    hat = build({ wiring: activeLowRelay });
    expect(hat.contactClosed).toBe(true);
    hat.powerDown();
    expect(hat.contactClosed).toBe(false);
    hat.powerUp();
    expect(hat.contactClosed).toBe(true);
  });
});
