import { beforeEach, describe, expect, it } from "vitest";
import { celsius, minutes, seconds } from "../../../src/base/units.ts";
import type { Display } from "../../../src/board/screen/display.ts";
import { newestOnly } from "../../../src/board/screen/display.ts";
import { findDisplay } from "../../../src/board/screen/find-display.ts";
import type { DisplayKind } from "../../../src/model/displays.ts";
import { TestBus } from "../../chips/test-bus.ts";
import { TestClock } from "../../chips/test-clock.ts";
import { heating, states } from "./models.ts";

let bus: TestBus;
let clock: TestClock;

/** Takes every write; answers reads with `status`, or not at all. */
const chip = (status?: number) => ({
  write() {},
  ...(status === undefined ? {} : { read: (length: number) => new Uint8Array(length).fill(status) }),
});

beforeEach(() => {
  bus = new TestBus();
  clock = new TestClock();
});

async function found(kind?: DisplayKind): Promise<Display> {
  const display = await findDisplay(bus, clock, kind ? { kind } : {});
  if (!display) throw new Error("no display found");
  return display;
}

describe("finding the display", () => {
  it.each([
    [0x3c, 0x07, "oled-128x128"],
    [0x3c, 0x47, "oled-128x128"],
    [0x3d, 0x47, "oled-128x128"],
    [0x3c, 0x03, "oled-128x64"],
    [0x3c, 0x43, "oled-128x64"],
    [0x3c, 0x06, "oled-128x64"],
    [0x3c, 0x04, "oled-128x64"],
    [0x3d, 0x03, "oled-128x64"],
    [0x3e, undefined, "lcd-16x2"],
  ] as const)("at 0x%s with status %s says %s", async (address, status, kind) => {
    bus.devices.set(address, chip(status));
    expect(await findDisplay(bus, clock)).toMatchObject({ address, kind });
  });

  it.each([
    [0x3c, 0x00],
    [0x3c, 0x40],
    [0x3c, 0xff],
    [0x3c, 0x0f],
    [0x3c, 0x05],
    [0x3c, undefined],
    [0x3d, 0x00],
    [0x3d, undefined],
  ] as const)(
    "at 0x%s with status %s claims nothing: it may be an SSD1327 or any other",
    async (address, status) => {
      bus.devices.set(address, chip(status));
      await expect(findDisplay(bus, clock)).rejects.toMatchObject({ name: "UnknownDisplayError", address });
      await expect(findDisplay(bus, clock)).rejects.toThrow(/unknown kind.*setting "display"/);
      expect(new Set(bus.written)).toEqual(new Set(["00 e3", "80 38"]));
      bus.devices.set(0x3e, chip());
      expect(await findDisplay(bus, clock)).toMatchObject({ kind: "lcd-16x2" });
    },
  );

  it("does not call a display unknown because one reading of its status was disturbed", async () => {
    bus.devices.set(0x3c, chip(0x07));
    let failures = 2;
    bus.mishap = ({ kind }) => (kind === "read" && failures-- > 0 ? "io" : undefined);
    expect(await findDisplay(bus, clock)).toMatchObject({ kind: "oled-128x128" });
  });

  it("finds none where there is none", async () => {
    expect(await findDisplay(bus, clock)).toBeUndefined();
  });

  it("asks with an OLED's no-operation and an LCD's own mode, nothing else", async () => {
    await findDisplay(bus, clock);
    expect(new Set(bus.written)).toEqual(new Set(["00 e3", "80 38"]));
  });

  it("believes the setting over the status", async () => {
    for (const status of [0x07, 0x00, undefined]) {
      bus.devices.set(0x3c, chip(status));
      expect(await findDisplay(bus, clock, { kind: "oled-128x64" })).toMatchObject({ kind: "oled-128x64" });
    }
  });

  it("looks only for the kind and at the address that it is told", async () => {
    bus.devices.set(0x3c, chip(0x07));
    bus.devices.set(0x3e, chip());
    expect(await findDisplay(bus, clock, { kind: "lcd-16x2" })).toMatchObject({ address: 0x3e });
    expect(await findDisplay(bus, clock, { address: 0x3d })).toBeUndefined();
    expect(await findDisplay(bus, clock, { address: 0x3e })).toMatchObject({ kind: "lcd-16x2" });
    bus.devices.delete(0x3c);
    expect(await findDisplay(bus, clock, { kind: "oled-128x64" })).toBeUndefined();
  });

  it("rides out passing errors", async () => {
    bus.devices.set(0x3c, chip(0x07));
    let failures = 2;
    bus.mishap = () => (failures-- > 0 ? "timeout" : undefined);
    expect(await findDisplay(bus, clock)).toMatchObject({ address: 0x3c });
  });

  it("passes over an address that the manifest forbids, and says so when nothing else answers", async () => {
    bus.mishap = ({ address }) => (address === 0x3d ? "denied" : undefined);
    await expect(findDisplay(bus, clock)).rejects.toMatchObject({ code: "denied" });
    bus.devices.set(0x3e, chip());
    expect(await findDisplay(bus, clock)).toMatchObject({ kind: "lcd-16x2" });
  });

  it("passes on what is no bus error", async () => {
    bus.mishap = () => "throw";
    await expect(findDisplay(bus, clock)).rejects.toThrow(TypeError);
  });
});

describe.each([
  ["oled-128x128", 128 * 16],
  ["oled-128x64", 128 * 8],
] as const)("an %s display", (kind, memory) => {
  beforeEach(() => {
    bus.devices.set(0x3c, chip());
  });

  /** Bytes on the wire to go from one screen to another. */
  async function cost(display: Display, to: typeof heating): Promise<number> {
    bus.transfers.length = 0;
    await display.show(to);
    return bus.bytesOnWire;
  }

  it("needs at most 15 % of a full frame's bytes for any one changed digit", async () => {
    const full = await cost(await found(kind), heating);
    expect(full).toBeGreaterThan(memory);
    const at = (temperature: number) => ({ ...heating, temperature: celsius(temperature) });
    const steps = [
      ...Array.from({ length: 10 }, (_, digit) => [20 + digit / 10, 20 + ((digit + 1) % 10) / 10]),
      ...Array.from({ length: 9 }, (_, digit) => [20.4 + digit, 20.4 + digit + 1]),
      [10.4, 20.4],
      [20.4, 30.4],
    ];
    for (const [from = 0, to = 0] of steps) {
      const display = await found(kind);
      await display.show(at(from));
      expect(await cost(display, at(to)), `${from} to ${to}`).toBeLessThanOrEqual(0.15 * full);
    }
    const display = await found(kind);
    await display.show(heating);
    expect(await cost(display, { ...heating, target: celsius(21.5) })).toBeLessThanOrEqual(0.15 * full);
  });

  it("dims by its contrast", async () => {
    const display = await found(kind);
    await display.show(heating);
    bus.transfers.length = 0;
    await display.show({ ...heating, dimmed: true });
    expect(bus.written).toEqual(["00 81 08"]);
  });

  it("is sent everything again every ten minutes", async () => {
    const display = await found(kind);
    const full = await cost(display, heating);
    clock.advance(minutes(9));
    expect(await cost(display, heating)).toBe(0);
    clock.advance(minutes(1));
    expect(await cost(display, heating)).toBeGreaterThan(0.9 * full);
    expect(await cost(display, heating)).toBe(0);
  });

  it("rejects while it is gone and shows again once it is back", async () => {
    const display = await found(kind);
    await display.show(heating);
    bus.devices.clear();
    await expect(display.show({ ...heating, heating: false })).rejects.toMatchObject({ code: "nack" });
    bus.devices.set(0x3c, chip());
    expect(await cost(display, heating)).toBeGreaterThan(memory);
  });
});

describe("a 16x2 display", () => {
  const texts = () => bus.written.filter((bytes) => bytes.startsWith("40")).map(decoded);
  const decoded = (bytes: string) =>
    bytes
      .split(" ")
      .slice(1)
      .map((byte) => String.fromCharCode(Number.parseInt(byte, 16)))
      .join("");

  it("shows its lines and turns the second one every three seconds", async () => {
    bus.devices.set(0x3e, chip());
    const display = await found();
    await clock.run(display.show(heating));
    expect(texts().join("|")).toContain("20.4ß");
    clock.advance(seconds(6));
    bus.transfers.length = 0;
    await clock.run(display.show(heating));
    expect(texts().join("")).toContain("nline");
  });

  it("is set up again every ten minutes", async () => {
    bus.devices.set(0x3e, chip());
    const display = await found();
    await clock.run(display.show(states["fault"] ?? heating));
    clock.advance(minutes(10));
    bus.transfers.length = 0;
    await clock.run(display.show(states["fault"] ?? heating));
    expect(bus.written).toContain("80 01");
  });
});

describe("showing screens faster than the bus carries them", () => {
  it("skips all but the newest, never overlaps, and goes on after a failure", async () => {
    const shown: number[] = [];
    const gates: (() => void)[] = [];
    const show = newestOnly<number>((value) => {
      shown.push(value);
      return new Promise((resolve, reject) => {
        gates.push(() => (value === 3 ? reject(new Error("gone")) : resolve()));
      });
    });
    const first = show(1);
    await Promise.resolve();
    await Promise.resolve();
    const second = show(2);
    const third = show(3);
    expect(shown).toEqual([1]);
    gates[0]?.();
    await first;
    await new Promise((resolve) => setImmediate(resolve));
    expect(shown).toEqual([1, 3]);
    gates[1]?.();
    await expect(second).rejects.toThrow("gone");
    await expect(third).rejects.toThrow("gone");
    const last = show(4);
    await new Promise((resolve) => setImmediate(resolve));
    gates[2]?.();
    await last;
    expect(shown).toEqual([1, 3, 4]);
  });
});
