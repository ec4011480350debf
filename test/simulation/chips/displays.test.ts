import { beforeEach, describe, expect, it } from "vitest";
import { millis } from "../../../src/base/units.ts";
import { parseControlBytes } from "../../../src/simulation/chips/control-bytes.ts";
import { LcdModel } from "../../../src/simulation/chips/lcd.ts";
import { OledModel, sh1107, ssd1306 } from "../../../src/simulation/chips/oled.ts";
import { RegisterModel } from "../../../src/simulation/chips/registers.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

const commands = (...bytes: number[]) => Uint8Array.of(0x00, ...bytes);
const data = (...bytes: number[]) => Uint8Array.of(0x40, ...bytes);
const zeros = (count: number) => Array.from({ length: count }, () => 0);

/** Upright, on, and empty. */
function cleared(family: typeof sh1107): OledModel {
  const oled = new OledModel(family);
  const upright = family.upright.remapped ? [0xa1, 0xc8] : [0xa0, 0xc0];
  oled.write(commands(...upright, 0xaf));
  for (let page = 0; page < family.height / 8; page++) {
    oled.write(commands(0xb0 + page, 0x00, 0x10));
    oled.write(data(...zeros(family.width)));
  }
  return oled;
}

function litPixels(oled: OledModel): string[] {
  const found: string[] = [];
  for (let y = 0; y < oled.height; y++) {
    for (let x = 0; x < oled.width; x++) if (oled.lit(x, y)) found.push(`${x},${y}`);
  }
  return found;
}

describe("control bytes", () => {
  it("announce one byte or all the rest, commands or data", () => {
    const parsed = parseControlBytes(Uint8Array.of(0x80, 0xb3, 0xc0, 0x55, 0x80, 0xaf, 0x40, 1, 2));
    expect(parsed?.map(({ data, value }) => `${data ? "d" : "c"}${value.toString(16)}`)).toEqual([
      "cb3",
      "d55",
      "caf",
      "d1",
      "d2",
    ]);
  });

  it("announce nothing at the end of a transfer", () => {
    expect(parseControlBytes(Uint8Array.of(0x80))).toEqual([]);
    expect(parseControlBytes(Uint8Array.of(0x80, 0xaf, 0x40))).toEqual([{ data: false, value: 0xaf }]);
  });

  it("are not understood with other bits set", () => {
    expect(parseControlBytes(Uint8Array.of(0x41, 1))).toBeUndefined();
  });
});

describe.each([sh1107, ssd1306])("the $name model", (family) => {
  let oled: OledModel;
  beforeEach(() => {
    oled = cleared(family);
  });

  it("is dark after power-up, with rubbish in its memory", () => {
    const fresh = new OledModel(family);
    expect(litPixels(fresh)).toEqual([]);
    fresh.write(commands(0xaf));
    expect(litPixels(fresh).length).toBeGreaterThan(100);
  });

  it("puts bytes at page and column, bit 0 on top, and counts the column up", () => {
    oled.write(commands(0xb2, 0x05, 0x11));
    oled.write(data(0x01, 0x80));
    expect(litPixels(oled)).toEqual(["21,16", "22,23"]);
    expect(oled.refused).toEqual([]);
  });

  it("wraps the column within its page", () => {
    oled.write(commands(0xb1, 0x0f, 0x17));
    oled.write(data(0x01, 0x01));
    expect(litPixels(oled)).toEqual(["0,8", "127,8"]);
  });

  it("takes a command and its operand in two transfers", () => {
    oled.write(commands(0x81));
    oled.write(commands(0x33));
    expect(oled.contrast).toBe(0x33);
  });

  it("shows the picture upside down when both directions are turned", () => {
    oled.write(commands(0xb0, 0x00, 0x10));
    oled.write(data(0x01));
    const { remapped, reversed } = family.upright;
    oled.write(commands(remapped ? 0xa0 : 0xa1, reversed ? 0xc0 : 0xc8));
    expect(litPixels(oled)).toEqual([`127,${family.height - 1}`]);
  });

  it("inverts, lights all, and goes dark without losing its memory", () => {
    const all = family.width * family.height;
    oled.write(commands(0xa7));
    expect(litPixels(oled)).toHaveLength(all);
    oled.write(commands(0xa6, 0xa5));
    expect(litPixels(oled)).toHaveLength(all);
    oled.write(commands(0xa4, 0xb0, 0x00, 0x10));
    oled.write(data(0x01));
    oled.write(commands(0xae));
    expect(litPixels(oled)).toEqual([]);
    oled.write(commands(0xaf));
    expect(litPixels(oled)).toEqual(["0,0"]);
    expect(oled.picture().startsWith("#...")).toBe(true);
  });

  it("begins at the start line, and leaves lines dark that are not driven", () => {
    oled.write(commands(0xb1, 0x00, 0x10));
    oled.write(data(0x01));
    oled.write(family === sh1107 ? commands(0xdc, 0x03) : commands(0x43));
    expect(litPixels(oled)).toEqual(["0,5"]);
    oled.write(commands(0xa8, 0x04));
    expect(litPixels(oled)).toEqual([]);
    oled.write(commands(0xa8, 0x05));
    expect(litPixels(oled)).toEqual(["0,5"]);
  });

  it("shifts the picture by its offset, round the end of the memory", () => {
    oled.write(commands(0xb0, 0x00, 0x10));
    oled.write(data(0x01));
    oled.write(commands(0xd3, 0x02));
    expect(litPixels(oled)).toEqual([`0,${family.height - 2}`]);
    oled.write(commands(0xd3, family.height + 1));
    expect(litPixels(oled)).toEqual([`0,${family.height - 1}`]);
  });

  it("lets nobody see beyond its edges", () => {
    oled.write(commands(0xa5));
    const { width, height } = family;
    const corners = [
      [0, 0],
      [width - 1, height - 1],
    ] as const;
    const beyond = [
      [-1, 0],
      [0, -1],
      [width, 0],
      [0, height],
    ] as const;
    expect([...corners, ...beyond].map(([x, y]) => oled.lit(x, y))).toEqual([
      ...corners.map(() => true),
      ...beyond.map(() => false),
    ]);
  });

  it("says when it is read which chip it is, and whether its panel is off", () => {
    expect([...oled.read(2)]).toEqual([family.id, family.id]);
    oled.write(commands(0xae));
    expect([...oled.read(1)]).toEqual([family.id | 0x40]);
  });

  it("is after a power cut as it was when new, whatever it was told before", () => {
    const fresh = new OledModel(family);
    oled.write(commands(0xa7, 0xa5, 0x81, 0x11, 0xa8, 0x0f, 0xd3, 0x05));
    oled.write(family === sh1107 ? commands(0xa1, 0xc8, 0xdc, 0x07) : commands(0xa0, 0xc0, 0x47));
    oled.write(commands(0xb3, 0x05, 0x11, 0x81));
    oled.powerUp();
    expect([oled.on, oled.contrast]).toEqual([false, family.contrast]);
    for (const each of [oled, fresh]) {
      each.write(commands(0xaf));
      each.write(data(0xaa, 0x55));
    }
    expect(oled.picture()).toBe(fresh.picture());
    expect(oled.refused).toEqual([]);
  });

  it("keeps the newest hundred of what it cannot understand", () => {
    for (let count = 0; count < 60; count++) oled.write(commands(0xf7));
    for (let count = 0; count < 60; count++) oled.write(commands(0xf8));
    expect(oled.refused).toEqual([...Array<number>(40).fill(0xf7), ...Array<number>(60).fill(0xf8)]);
  });

  it("keeps what it cannot understand, for a test to look at", () => {
    oled.write(commands(0xf7));
    oled.write(Uint8Array.of(0x13, 0x00));
    expect(oled.refused).toEqual([0xf7, 0x13]);
  });
});

describe("the families", () => {
  it("differ: only the larger has 16 pages, only the smaller takes an operand for 20", () => {
    const large = cleared(sh1107);
    large.write(commands(0xbf, 0x20));
    expect(large.refused).toEqual([]);
    const small = cleared(ssd1306);
    small.write(commands(0xbf));
    small.write(commands(0x20, 0x02));
    expect(small.refused).toEqual([0xbf]);
    small.write(commands(0x20, 0x00));
    expect(small.refused).toEqual([0xbf, 0x00]);
  });
});

describe("the character display model", () => {
  let clock: VirtualClock;
  let lcd: LcdModel;
  const type = (text: string) => lcd.write(data(...Array.from(text, (letter) => letter.charCodeAt(0))));
  beforeEach(async () => {
    clock = new VirtualClock();
    lcd = new LcdModel(clock);
    lcd.write(Uint8Array.of(0x80, 0x28, 0x80, 0x0c, 0x80, 0x01));
    await clock.advance(millis(2));
  });

  it("shows what is typed at either line", () => {
    type("19.0");
    lcd.write(Uint8Array.of(0x80, 0xc3));
    lcd.write(data(0xdf, 0x43));
    expect(lcd.text).toEqual(["19.0            ", "   °C           "]);
  });

  it("loses what comes while it still clears, and counts it", async () => {
    type("old");
    lcd.write(Uint8Array.of(0x80, 0x01, 0x40, 0x41));
    type("lost");
    expect(lcd.lost).toBe(5);
    await clock.advance(millis(1.6));
    type("new");
    expect(lcd.text[0].trimEnd()).toBe("new");
  });

  it("says when it is read whether it is busy, and where its cursor is", async () => {
    type("old");
    expect([...lcd.read(2)]).toEqual([3, 3]);
    lcd.write(Uint8Array.of(0x80, 0x01));
    expect([...lcd.read(1)]).toEqual([0x80]);
    await clock.advance(millis(1.6));
    expect([...lcd.read(1)]).toEqual([0]);
  });

  it("types backwards, and steps, when it is told to", () => {
    lcd.write(Uint8Array.of(0x80, 0x84, 0x80, 0x04));
    type("cba");
    lcd.write(Uint8Array.of(0x80, 0x06, 0x80, 0x14, 0x80, 0x14, 0x80, 0x14, 0x80, 0x10));
    type("d");
    expect(lcd.text[0].trimEnd()).toBe("  adc");
  });

  it("shows nothing while off, and no second line before two were asked for", () => {
    lcd.write(Uint8Array.of(0x80, 0xc0));
    type("below");
    lcd.write(Uint8Array.of(0x80, 0x20));
    expect(lcd.text[1].trim()).toBe("");
    lcd.write(Uint8Array.of(0x80, 0x28, 0x80, 0x08));
    expect([lcd.on, lcd.text[1].trim()]).toEqual([false, ""]);
    lcd.write(Uint8Array.of(0x80, 0x0c));
    expect(lcd.text[1].trim()).toBe("below");
  });

  it("runs on from the first line's 40 places to the second's, and back", () => {
    type("x".repeat(40));
    type("second");
    expect(lcd.text[1].trim()).toBe("second");
    type("y".repeat(34));
    type("first");
    expect(lcd.text[0].startsWith("first")).toBe(true);
  });

  it("is after a power cut as it was when new, whatever it was told before", () => {
    type("old");
    lcd.write(Uint8Array.of(0x80, 0x04, 0x80, 0x40, 0x80, 0x01));
    lcd.powerUp();
    expect([lcd.on, ...lcd.read(1)]).toEqual([false, 0]);
    lcd.write(Uint8Array.of(0x80, 0x0c));
    type("ab");
    expect(lcd.text).toEqual(["ab              ", " ".repeat(16)]);
    lcd.write(Uint8Array.of(0x80, 0x28));
    expect(lcd.text[1]).toBe(" ".repeat(16));
  });

  it("begins at the left again when sent home, and keeps its text", async () => {
    type("old");
    lcd.write(Uint8Array.of(0x80, 0x02));
    await clock.advance(millis(1.6));
    type("g");
    expect(lcd.text[0].trimEnd()).toBe("gld");
  });

  it("types forwards again after it was cleared", async () => {
    lcd.write(Uint8Array.of(0x80, 0x04, 0x80, 0x01));
    await clock.advance(millis(1.6));
    type("ab");
    expect(lcd.text[0].trimEnd()).toBe("ab");
  });

  it("counts all bytes of a transfer that it does not understand as lost", () => {
    lcd.write(Uint8Array.of(0x41, 1, 2));
    expect(lcd.lost).toBe(3);
  });

  it("shows the letters of its own character set, and what it cannot show as such", () => {
    lcd.write(data(0x5c, 0x7e, 0x7f, 0xdf, 0xff, 0x07, 0x0f, 0x10, 0x20, 0x7d, 0x80));
    expect(lcd.text[0].trimEnd()).toBe("¥→←°█¤¤? }?");
  });

  it("does not mistake self-made characters for text", () => {
    lcd.write(Uint8Array.of(0x80, 0x40));
    lcd.write(data(1, 2, 3, 4, 5, 6, 7, 8));
    lcd.write(Uint8Array.of(0x80, 0x80));
    lcd.write(data(0));
    expect(lcd.text[0].trim()).toBe("¤");
  });
});

describe("a chip of registers", () => {
  it("stores from the pointer on, and reads from there, low byte first", () => {
    const chip = new RegisterModel([[0x29, 3300]], 2);
    chip.write(Uint8Array.of(0x29));
    expect([...chip.read(2)]).toEqual([0xe4, 0x0c]);
    chip.write(Uint8Array.of(0x01, 7, 8));
    expect([chip.register(1), chip.register(2), chip.register(3)]).toEqual([7, 8, 0]);
  });
});
