import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { BusError } from "../../src/chips/bus.ts";
import { Oled, type OledPanel, sh1107Panel, ssd1306Panel } from "../../src/chips/oled.ts";
import { hex, TestBus } from "./test-bus.ts";

/** Commands that take bytes, as far as the driver uses them; 20h takes one on the SSD13xx only. */
const operands: Record<string, readonly number[]> = {
  SH1107: [0x81, 0xa8, 0xad, 0xd3, 0xd5, 0xd9, 0xdb, 0xdc],
  SSD1306: [0x20, 0x81, 0x8d, 0xa8, 0xd3, 0xd5, 0xd9, 0xda, 0xdb],
};

/** The chip's memory and address counters in page addressing mode, written from the datasheets. */
class ChipModel {
  readonly panel: OledPanel;
  memory: Uint8Array;
  on = false;
  contrast = -1;
  /** Break off the next transfer after this many bytes. */
  breakAfter: number | undefined;
  /** What the status says, given whether the display is on. */
  status = (on: boolean) => (on ? 0x07 : 0x47);
  #page = 0;
  #column = 0;
  #pending: number | undefined;

  constructor(panel: OledPanel) {
    this.panel = panel;
    this.memory = new Uint8Array(128 * panel.pages).fill(0xa5);
  }

  powerCycle() {
    this.memory.fill(0x5a);
    this.on = false;
    this.#pending = undefined;
  }

  write(bytes: Uint8Array) {
    const arriving = bytes.subarray(0, this.breakAfter ?? bytes.length);
    const control = arriving[0];
    for (const byte of arriving.subarray(1)) {
      if (control === 0x40) this.#store(byte);
      else if (control === 0x00) this.#obey(byte);
      else throw new Error(`unexpected control byte ${control}`);
    }
    if (this.breakAfter !== undefined) {
      this.breakAfter = undefined;
      this.#pending = undefined;
      throw new BusError("io", "broken off");
    }
  }

  read(length: number) {
    return new Uint8Array(length).fill(this.status(this.on));
  }

  #store(byte: number) {
    this.memory[this.#page * 128 + this.#column] = byte;
    this.#column = (this.#column + 1) % 128;
  }

  #obey(byte: number) {
    if (this.#pending !== undefined) {
      if (this.#pending === 0x81) this.contrast = byte;
      this.#pending = undefined;
    } else if (operands[this.panel.name]?.includes(byte)) this.#pending = byte;
    else if (byte < 0x10) this.#column = (this.#column & 0x70) | byte;
    else if (byte < 0x18) this.#column = (this.#column & 0x0f) | ((byte & 7) << 4);
    else if (byte >> 4 === 0x0b) this.#page = byte & 0x0f;
    else if (byte === 0xae || byte === 0xaf) this.on = byte === 0xaf;
  }
}

const panels = [sh1107Panel, ssd1306Panel] as const;
const frameOf = (panel: OledPanel, fill = 0) => new Uint8Array(128 * panel.pages).fill(fill);

describe.each(panels.map((panel) => [panel.name, panel] as const))("driving an %s", (_, panel) => {
  let bus: TestBus;
  let chip: ChipModel;
  let oled: Oled;

  beforeEach(() => {
    bus = new TestBus();
    chip = new ChipModel(panel);
    bus.devices.set(0x3c, chip);
    oled = new Oled(bus, 0x3c, panel);
  });

  it("sets it up dark, sends every page, and only then lights it", async () => {
    const frame = frameOf(panel).map((_byte, index) => index & 0xff);
    chip.write = (bytes) => {
      if (bytes[0] === 0x40) expect(chip.on).toBe(false);
      ChipModel.prototype.write.call(chip, bytes);
    };
    await oled.show(frame, 0x80);
    expect(chip.memory).toEqual(frame);
    expect(chip).toMatchObject({ on: true, contrast: 0x80 });
    expect(bus.written.at(-1)).toBe("00 af");
  });

  it("only asks for the status when it holds the frame already", async () => {
    await oled.show(frameOf(panel, 7), 0x80);
    bus.transfers.length = 0;
    await oled.show(frameOf(panel, 7), 0x80);
    expect(bus.transfers).toEqual([{ kind: "read", address: 0x3c, length: 1 }]);
  });

  it("notices a power cut between two frames by the status, and sets up again", async () => {
    await oled.show(frameOf(panel, 7), 0x80);
    chip.powerCycle();
    await oled.show(frameOf(panel, 7), 0x80);
    expect(chip.memory).toEqual(frameOf(panel, 7));
    expect(chip.on).toBe(true);
  });

  it.each([
    ["always says off", () => 0x47],
    ["cannot be read", undefined],
  ] as const)("does not believe a status that %s", async (_case, status) => {
    if (status) chip.status = status;
    else Object.assign(chip, { read: undefined });
    await oled.show(frameOf(panel, 7), 0x80);
    bus.transfers.length = 0;
    await oled.show(frameOf(panel, 7), 0x80);
    expect(bus.transfers).toEqual([]);
  });

  it("addresses a changed column by page, low nibble and high nibble, and sends it alone", async () => {
    await oled.show(frameOf(panel), 0x80);
    bus.transfers.length = 0;
    const frame = frameOf(panel);
    frame[3 * 128 + 0x5b] = 0xff;
    await oled.show(frame, 0x80);
    expect(bus.written).toEqual(["00 b3 0b 15", "40 ff"]);
  });

  it("joins changes that lie close together and parts those that do not", async () => {
    await oled.show(frameOf(panel), 0x80);
    bus.transfers.length = 0;
    const frame = frameOf(panel);
    for (const column of [10, 18, 26 + 1]) frame[column] = 0x11;
    await oled.show(frame, 0x80);
    expect(bus.written).toEqual(["00 b0 0a 10", `40 11${" 00".repeat(7)} 11`, "00 b0 0b 11", "40 11"]);
  });

  it("dims by contrast alone", async () => {
    await oled.show(frameOf(panel), 0x80);
    bus.transfers.length = 0;
    await oled.show(frameOf(panel), 0x08);
    expect(bus.written).toEqual(["00 81 08"]);
  });

  it("after refresh sends everything again, without going dark", async () => {
    await oled.show(frameOf(panel, 3), 0x80);
    chip.memory.fill(0);
    oled.refresh();
    bus.transfers.length = 0;
    await oled.show(frameOf(panel, 3), 0x80);
    expect(chip.memory).toEqual(frameOf(panel, 3));
    expect(bus.written.some((bytes) => bytes.startsWith("00 ae"))).toBe(false);
  });

  it("fixes a page whose transfer broke off in the middle, within the same call", async () => {
    await oled.show(frameOf(panel), 0x80);
    chip.breakAfter = 20;
    await oled.show(frameOf(panel, 0xff), 0x80);
    expect(chip.memory).toEqual(frameOf(panel, 0xff));
  });

  it("sends the whole page again after an error: nobody knows what a disturbed transfer wrote", async () => {
    await oled.show(frameOf(panel), 0x80);
    bus.transfers.length = 0;
    const frame = frameOf(panel);
    frame[128 + 5] = 1;
    let failures = 1;
    bus.mishap = ({ kind }) => (kind === "write" && failures-- > 0 ? "io" : undefined);
    await oled.show(frame, 0x80);
    expect(bus.written).toEqual(["00 b1 05 10", "00 b1 00 10", `40 ${hex(frame.subarray(128, 256))}`]);
  });

  it("rejects while the display is gone and sets it up again once it is back", async () => {
    await oled.show(frameOf(panel, 1), 0x80);
    bus.devices.clear();
    await expect(oled.show(frameOf(panel, 2), 0x80)).rejects.toMatchObject({ code: "nack" });
    chip.powerCycle();
    bus.devices.set(0x3c, chip);
    bus.transfers.length = 0;
    await oled.show(frameOf(panel, 2), 0x80);
    expect(bus.written[0]).toBe(`00 ae ${hex(panel.setup)}`);
    expect(chip.memory).toEqual(frameOf(panel, 2));
    expect(chip.on).toBe(true);
  });

  it("does not try again what configuration forbids", async () => {
    bus.mishap = () => "denied";
    await expect(oled.show(frameOf(panel), 0x80)).rejects.toMatchObject({ code: "denied" });
    expect(bus.transfers).toHaveLength(1);
  });

  it("refuses a frame of the wrong size", async () => {
    await expect(oled.show(new Uint8Array(5), 0x80)).rejects.toThrow(RangeError);
  });

  it("holds the last frame after any sequence of frames, broken transfers and power cuts", async () => {
    const patch = fc.record({ at: fc.nat(128 * panel.pages - 1), value: fc.nat(255), length: fc.nat(200) });
    const event = fc.record({
      patches: fc.array(patch, { maxLength: 4 }),
      contrast: fc.nat(255),
      breaks: fc.array(fc.option(fc.nat(130)), { maxLength: 8 }),
      powerCut: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 8 }), async (events) => {
        chip = new ChipModel(panel);
        bus.devices.set(0x3c, chip);
        oled = new Oled(bus, 0x3c, panel);
        const frame = frameOf(panel);
        for (const { patches, contrast, breaks, powerCut } of events) {
          for (const { at, value, length } of patches) frame.fill(value, at, at + length);
          if (powerCut) chip.powerCycle();
          const script = [...breaks];
          bus.mishap = () => {
            chip.breakAfter = script.shift() ?? undefined;
            return undefined;
          };
          await oled
            .show(frame, contrast)
            .catch(() => oled.show(frame, contrast))
            .catch(() => {});
          bus.mishap = () => undefined;
          chip.breakAfter = undefined;
          await oled.show(frame, contrast);
          expect(Buffer.compare(chip.memory, frame)).toBe(0);
          expect(chip).toMatchObject({ on: true, contrast });
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe("the set-up sequences", () => {
  it("are the modules' own, byte for byte", () => {
    expect(hex(sh1107Panel.setup)).toBe("d5 50 20 a8 7f d3 00 dc 00 ad 80 a0 c0 d9 1f db 27 a4 a6");
    expect(hex(ssd1306Panel.setup)).toBe("d5 80 a8 3f d3 00 40 8d 14 20 02 a1 c8 da 12 d9 f1 db 40 2e a4 a6");
  });
});
