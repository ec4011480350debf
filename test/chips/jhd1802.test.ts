import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { findBacklight, type Rgb } from "../../src/chips/backlight.ts";
import { Jhd1802, romCode } from "../../src/chips/jhd1802.ts";
import { hex, TestBus } from "./test-bus.ts";
import { TestClock } from "./test-clock.ts";

/** DDRAM and cursor of an HD44780, and what it does not forgive: a byte while it is busy. */
class LcdModel {
  readonly ram = new Uint8Array(0x80).fill(0x23);
  readonly #clock: TestClock;
  #cursor = 0;
  #busyUntil = 0;

  constructor(clock: TestClock) {
    this.#clock = clock;
  }

  write([control, ...bytes]: Uint8Array) {
    for (const byte of bytes) {
      if (this.#clock.now() < this.#busyUntil) throw new Error("written while busy");
      if (control === 0x40) this.ram[this.#cursor++] = byte;
      else if (byte & 0x80) this.#cursor = byte & 0x7f;
      else if (byte === 0x01) {
        this.ram.fill(0x20);
        this.#cursor = 0;
        this.#busyUntil = this.#clock.now() + 1.53;
      }
    }
  }

  get lines(): string[] {
    return [0x00, 0x40].map((start) => String.fromCharCode(...this.ram.subarray(start, start + 16)));
  }
}

const amber: Rgb = [255, 110, 20];
let bus: TestBus;
let clock: TestClock;
let chip: LcdModel;
let lcd: Jhd1802;
const show = (first: string, second: string, colour = amber) => clock.run(lcd.show([first, second], colour));

beforeEach(() => {
  bus = new TestBus();
  clock = new TestClock();
  chip = new LcdModel(clock);
  bus.devices.set(0x3e, chip);
  lcd = new Jhd1802(bus, clock);
});

describe("the text display", () => {
  it("is set up with the datasheet's sequence and its waits", async () => {
    const started = clock.now();
    const times: number[] = [];
    bus.onTransfer = () => times.push(clock.now() - started);
    await show("", "");
    expect(bus.written.slice(0, 6)).toEqual(["80 38", "80 38", "80 38", "80 0c", "80 01", "80 06"]);
    const [first = 0, second = 0, third = 0] = times;
    expect(first).toBeGreaterThanOrEqual(40);
    expect(second - first).toBeGreaterThanOrEqual(4.1);
    expect(third - second).toBeGreaterThanOrEqual(0.1);
  });

  it("shows two lines, cut or filled to 16 characters", async () => {
    await show("short", "this is rather too long");
    expect(chip.lines).toEqual(["short           ", "this is rather t"]);
  });

  it("sends only the characters that changed, with their address", async () => {
    await show("20.4C", "Set 19.0");
    bus.transfers.length = 0;
    await show("20.5C", "Set 19.5");
    expect(bus.written).toEqual(["80 83", "40 35", "80 c7", "40 35"]);
    bus.transfers.length = 0;
    await show("20.5C", "Set 19.5");
    expect(bus.transfers).toEqual([]);
  });

  it("knows where the ROM keeps what is not ASCII", () => {
    expect(romCode("°")).toBe(0xdf);
    expect([..."A~\\é"].map(romCode)).toEqual([0x41, 0x3f, 0x3f, 0x3f]);
    expect(romCode("")).toBe(0x3f);
  });

  it("rides out a passing error, rejects a lasting one, and is set up again afterwards", async () => {
    await show("a", "b");
    let failures = 2;
    bus.mishap = () => (failures-- > 0 ? "io" : undefined);
    await show("c", "d");
    expect(chip.lines[0]).toContain("c");
    bus.devices.clear();
    await expect(show("e", "f")).rejects.toMatchObject({ code: "nack" });
    chip = new LcdModel(clock);
    bus.devices.set(0x3e, chip);
    await show("e", "f");
    expect(chip.lines).toEqual(["e".padEnd(16), "f".padEnd(16)]);
  });

  it.each(["80 38", "80 0c", "80 01", "80 06", "80 80", "40 61", "80 c1"])(
    "leaves nothing of an older text on the glass after a bus error exactly at %s",
    async (bytes) => {
      // As the text of a firmware before, which the display kept.
      chip.ram.fill("x".charCodeAt(0));
      let failures = 3;
      bus.mishap = (transfer) =>
        transfer.kind === "write" && hex(transfer.bytes).startsWith(bytes) && failures-- > 0
          ? "io"
          : undefined;
      await expect(show("a", " b")).rejects.toMatchObject({ code: "io" });
      await show("a", " b");
      expect(failures).toBeLessThanOrEqual(0);
      expect(chip.lines).toEqual(["a".padEnd(16), " b".padEnd(16)]);
    },
  );

  it("after refresh is set up and written again", async () => {
    await show("a", "b");
    chip.ram.fill(0);
    lcd.refresh();
    await show("a", "b");
    expect(chip.lines).toEqual(["a".padEnd(16), "b".padEnd(16)]);
  });

  it("holds the last text after any sequence of texts and failures", async () => {
    const text = fc.string({ unit: fc.constantFrom(..."019.-ab "), maxLength: 18 });
    const mishaps = fc.array(fc.constantFrom("nack", "io", "timeout", undefined), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(text, text, mishaps), { minLength: 1, maxLength: 8 }),
        async (steps) => {
          for (const [first, second, script] of steps) {
            const left = [...script];
            bus.mishap = () => left.shift();
            await show(first, second).catch(() => {});
            bus.mishap = () => undefined;
            await show(first, second);
            expect(chip.lines).toEqual([first, second].map((line) => line.slice(0, 16).padEnd(16)));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("the backlight", () => {
  const registers = (address: number) => {
    const written: Record<number, number> = {};
    bus.devices.set(address, {
      write: ([register, value]) => {
        written[register ?? -1] = value ?? -1;
      },
    });
    return written;
  };

  it("of version 5 is woken and coloured", async () => {
    const written = registers(0x30);
    await show("a", "b");
    expect(written).toEqual({ 0: 0x07, 4: 0x15, 6: 255, 7: 110, 8: 20 });
  });

  it("of version 4 is woken and coloured, in its own order of registers", async () => {
    const written = registers(0x62);
    await show("a", "b");
    expect(written).toEqual({ 0: 0, 1: 0, 8: 0xaa, 4: 255, 3: 110, 2: 20 });
  });

  it("changes only when the colour does", async () => {
    registers(0x62);
    await show("a", "b");
    bus.transfers.length = 0;
    await show("a", "b");
    expect(bus.transfers).toEqual([]);
    await show("a", "b", [1, 2, 3]);
    expect(bus.written).toEqual(["04 01", "03 02", "02 03"]);
  });

  it("costs nothing but its colour when it is missing or fails", async () => {
    await show("a", "b");
    expect(chip.lines[0]).toContain("a");
    registers(0x30);
    await show("a", "b", [1, 1, 1]);
    bus.mishap = (transfer) => (transfer.address === 0x30 ? "io" : undefined);
    await show("c", "b", [2, 2, 2]);
    expect(chip.lines[0]).toContain("c");
  });

  it("passes on what is no bus error", async () => {
    bus.mishap = () => "throw";
    await expect(findBacklight(bus)).rejects.toThrow(TypeError);
  });
});
