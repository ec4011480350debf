import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FigureStyle, figure, figuresWidth } from "../../src/chips/big-digits.ts";
import { glyph } from "../../src/chips/font.ts";
import { Framebuffer, textWidth } from "../../src/chips/framebuffer.ts";

const rowsOf = (fb: Framebuffer, width: number, height: number) =>
  Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (fb.get(x, y) ? "#" : ".")).join(""),
  );

describe("the framebuffer", () => {
  it("keeps pixels in page order, bit 0 on top", () => {
    const fb = new Framebuffer(128, 64);
    fb.set(5, 0);
    fb.set(5, 7);
    fb.set(127, 8);
    expect(fb.bytes[5]).toBe(0x81);
    expect(fb.bytes[128 + 127]).toBe(0x01);
    fb.set(5, 0, false);
    expect(fb.bytes[5]).toBe(0x80);
  });

  it("takes heights of whole pages only", () => {
    expect(() => new Framebuffer(8, 12)).toThrow(RangeError);
  });

  it("touches no pixel but those asked for, inside or outside the picture", () => {
    const coordinate = fc.oneof(fc.integer({ min: -20, max: 40 }), fc.double());
    fc.assert(
      fc.property(fc.array(fc.tuple(coordinate, coordinate)), (points) => {
        const fb = new Framebuffer(20, 16);
        const expected = new Set<string>();
        for (const [x, y] of points) {
          fb.set(x, y);
          if (Number.isInteger(x) && Number.isInteger(y) && x >= 0 && x < 20 && y >= 0 && y < 16) {
            expected.add(`${x + 0},${y + 0}`);
          }
          expect(fb.get(x, y)).toBe(expected.has(`${x + 0},${y + 0}`));
        }
        const lit = fb.bytes.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
        expect(lit).toBe(expected.size);
      }),
    );
  });

  it("draws boxes with their corners left out, filled and hollow", () => {
    const filled = new Framebuffer(8, 8);
    filled.fillRounded(0, 0, 4, 3);
    expect(rowsOf(filled, 4, 3)).toEqual([".##.", "####", ".##."]);
    const hollow = new Framebuffer(8, 8);
    hollow.strokeRounded(0, 0, 4, 3);
    expect(rowsOf(hollow, 4, 3)).toEqual([".##.", "#..#", ".##."]);
  });

  it("draws pictures, their blanks left alone", () => {
    const fb = new Framebuffer(8, 8);
    fb.fill(0, 0, 1, 2);
    fb.draw([" # ", "# #"], 0, 0);
    fb.draw(["#"], 0, 0, false);
    expect(rowsOf(fb, 3, 2)).toEqual([".#.", "#.#"]);
  });

  it("writes text, scaled, and black on white", () => {
    const fb = new Framebuffer(16, 16);
    expect(fb.text("L", 0, 0)).toBe(6);
    expect(rowsOf(fb, 5, 7)).toEqual(["#....", "#....", "#....", "#....", "#....", "#....", "#####"]);
    const large = new Framebuffer(16, 16);
    large.text(".", 0, 0, { scale: 2 });
    expect(rowsOf(large, 6, 14).slice(9)).toEqual(["......", "..####", "..####", "..####", "..####"]);
    const black = new Framebuffer(8, 8);
    black.fill(0, 0, 8, 8);
    black.text("L", 0, 0, { on: false });
    expect(rowsOf(black, 5, 1)).toEqual([".####"]);
  });

  it("knows how wide a text is", () => {
    expect([textWidth(""), textWidth("a"), textWidth("ab", 2)]).toEqual([0, 5, 22]);
  });
});

describe("the small typeface", () => {
  it("has every printable character of ASCII and the degree sign, no two alike", () => {
    const characters = [...Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)), "°"];
    const shapes = new Set(characters.map((character) => glyph(character).join()));
    expect(shapes.size).toBe(characters.length);
    expect(shapes.has(glyph("é").join())).toBe(false);
    expect([...glyph(" ")]).toEqual([0, 0, 0, 0, 0]);
  });

  it("shows a box for what it lacks", () => {
    expect([...glyph("é")]).toEqual([0x7f, 0x41, 0x41, 0x41, 0x7f]);
  });
});

describe("the large figures", () => {
  const styles: FigureStyle[] = [
    { height: 40, width: 22, pen: 6, gap: 4 },
    { height: 16, width: 9, pen: 2, gap: 2 },
  ];

  it.each(styles)("fill their box from top to bottom at height $height", (style) => {
    for (const digit of "0123456789") {
      const rows = figure(digit, style);
      expect(rows).toHaveLength(style.height);
      expect(rows.every((row) => row.length === style.width)).toBe(true);
      expect(rows[0]).toContain("#");
      expect(rows.at(-1)).toContain("#");
    }
  });

  it.each(styles)("are symmetrical where they should be at height $height", (style) => {
    for (const digit of "08") {
      const rows = figure(digit, style);
      expect(rows.map((row) => [...row].reverse().join(""))).toEqual(rows);
    }
    expect([...figure("0", style)].reverse()).toEqual(figure("0", style));
  });

  it("are all equally wide, so that a changed digit moves nothing", () => {
    const [style] = styles;
    if (!style) return;
    const widths = [..."0123456789"].map((digit) => figuresWidth(`2${digit}.5`, style));
    expect(new Set(widths).size).toBe(1);
    expect(figuresWidth("", style)).toBe(0);
  });

  it("leave unknown characters empty", () => {
    const [style] = styles;
    expect(style && figure("x", style).join("").includes("#")).toBe(false);
  });
});
