/** QR codes: their form by the standard, and the words that a reader finds in them. */
import { describe, expect, it } from "vitest";
import { type QrCode, qrCode, qrText } from "../../src/base/qr-code.ts";

/** The masks of the standard, written again from its table 10. */
const masks: readonly ((row: number, column: number) => boolean)[] = [
  (i, j) => (i + j) % 2 === 0,
  (i) => i % 2 === 0,
  (_, j) => j % 3 === 0,
  (i, j) => (i + j) % 3 === 0,
  (i, j) => (Math.floor(i / 2) + Math.floor(j / 3)) % 2 === 0,
  (i, j) => ((i * j) % 2) + ((i * j) % 3) === 0,
  (i, j) => (((i * j) % 2) + ((i * j) % 3)) % 2 === 0,
  (i, j) => (((i + j) % 2) + ((i * j) % 3)) % 2 === 0,
];

/** In the field of the standard, GF(256) modulo x⁸+x⁴+x³+x²+1. */
function product(a: number, b: number): number {
  let sum = 0;
  for (let bit = 7; bit >= 0; bit -= 1)
    sum = (sum << 1) ^ (sum >> 7 === 1 ? 0x11d : 0) ^ ((b >> bit) & 1 ? a : 0);
  return sum;
}

/** What a reader corrects errors by: zeros, where data and check words fit. */
const syndromes = (words: readonly number[], degree: number): readonly number[] =>
  Array.from({ length: degree }, (_, power) => {
    const root = Array.from({ length: power }).reduce<number>((value) => product(value, 2), 1);
    return words.reduce((sum, word) => product(sum, root) ^ word, 0);
  });

/** Versions 1 to 9 with level M, from the standard's tables 9 and E.1: check words a block, blocks, alignment patterns. */
const versions: readonly (readonly [degree: number, blocks: number, ...centres: number[]])[] = [
  [10, 1],
  [16, 1, 6, 18],
  [26, 1, 6, 22],
  [18, 2, 6, 26],
  [24, 2, 6, 30],
  [16, 4, 6, 34],
  [18, 4, 6, 22, 38],
  [22, 4, 6, 24, 42],
  [22, 5, 6, 26, 46],
];

/** The words of the code, in the order in which they are drawn. */
function wordsOf(code: QrCode, centres: readonly number[]): readonly number[] {
  const size = code.length;
  const isDark = (row: number, column: number): boolean => code[row]?.[column] === true;
  const format = [0, 1, 2, 3, 4, 5, 7].map((column) => (isDark(8, column) ? "1" : "0")).join("");
  const mask = masks[(Number.parseInt(format.slice(0, 5), 2) ^ 0b10101) & 7];
  // None where a finder pattern is.
  const isAtFinder = (y: number, x: number): boolean =>
    (y < 9 && (x < 9 || x > size - 9)) || (x < 9 && y > size - 9);
  const isAlignment = (row: number, column: number): boolean =>
    centres.some((y) =>
      centres.some((x) => !isAtFinder(y, x) && Math.abs(row - y) <= 2 && Math.abs(column - x) <= 2),
    );
  const tellsVersion = (a: number, b: number): boolean => size >= 45 && a < 6 && b >= size - 11;
  const isFixed = (row: number, column: number): boolean =>
    row === 6 ||
    column === 6 ||
    (row < 9 && (column < 9 || column >= size - 8)) ||
    (row >= size - 8 && column < 9) ||
    tellsVersion(row, column) ||
    tellsVersion(column, row) ||
    isAlignment(row, column);
  const bits: number[] = [];
  for (let right = size - 1, up = true; right > 0; right -= right === 8 ? 3 : 2, up = !up)
    for (let step = 0; step < size; step += 1)
      for (const column of [right, right - 1]) {
        const row = up ? size - 1 - step : step;
        if (!isFixed(row, column)) bits.push(Number(isDark(row, column) !== mask?.(row, column)));
      }
  return Array.from({ length: Math.floor(bits.length / 8) }, (_, index) =>
    Number.parseInt(bits.slice(index * 8, index * 8 + 8).join(""), 2),
  );
}

/** Reads a code without errors, and checks the words by which a reader would correct them. */
function readBack(code: QrCode): string {
  const [degree = 0, blocks = 0, ...centres] = versions[(code.length - 21) / 4] ?? [];
  const words = wordsOf(code, centres);
  const held = words.length - degree * blocks;
  const longer = held % blocks;
  const data = Array.from({ length: blocks }, (): number[] => []);
  const rounds = Math.floor(held / blocks);
  // The last blocks are the longer ones.
  for (let index = 0; index < held; index += 1) {
    const extra = index >= rounds * blocks ? blocks - longer : 0;
    data[(index % blocks) + extra]?.push(words[index] ?? 0);
  }
  for (const [n, block] of data.entries()) {
    const checks = Array.from({ length: degree }, (_, index) => words[held + index * blocks + n] ?? 0);
    expect(syndromes([...block, ...checks], degree)).toEqual(checks.map(() => 0));
  }
  const bits = data.flatMap((block) => block.map((word) => word.toString(2).padStart(8, "0"))).join("");
  const number = (from: number, length: number) => Number.parseInt(bits.slice(from, from + length), 2);
  expect(number(0, 4)).toBe(4);
  const bytes = Array.from({ length: number(4, 8) }, (_, index) => number(12 + index * 8, 8));
  return new TextDecoder().decode(new Uint8Array(bytes));
}

describe("a QR code", () => {
  it.each(["a", "http://10.0.0.1", "http://10.0.0.1:8780/", "grüße, 20 °C"])("says %s", (text) => {
    const code = qrCode(text);
    expect(code && readBack(code)).toBe(text);
  });

  it("grows with the text, up to 180 bytes", () => {
    const sizes = [14, 15, 26, 42, 62, 84, 106, 122, 152, 180].map(
      (length) => qrCode("x".repeat(length))?.length,
    );
    expect(sizes).toEqual([21, 25, 25, 29, 33, 37, 41, 45, 49, 53]);
    expect(qrCode("x".repeat(181))).toBeUndefined();
  });

  it("has the three patterns by which a camera finds it", () => {
    const code = qrCode("http://heater.local:8780/") ?? [];
    const far = code.length - 7;
    for (const [top, left] of [
      [0, 0],
      [0, far],
      [far, 0],
    ] as const) {
      const rows = code.slice(top, top + 7).map((row) =>
        row
          .slice(left, left + 7)
          .map(Number)
          .join(""),
      );
      expect(rows).toEqual(["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]);
    }
  });

  it.each([14, 15, 42, 62, 84, 106, 122, 152, 180])(
    "says %i bytes, in the version for that many",
    (length) => {
      const text = "The room is 19.5 °C. ".repeat(20).slice(0, length - 8);
      const whole = text + "x".repeat(length - Buffer.byteLength(text));
      const code = qrCode(whole);
      expect(code && readBack(code)).toBe(whole);
    },
  );

  it("is drawn with a quiet zone of four modules, two rows in a line", () => {
    const code = qrCode("http://heater.local:8780/") ?? [];
    const lines = qrText(code);
    expect(lines).toHaveLength(Math.ceil((code.length + 8) / 2));
    expect(new Set(lines.map((line) => line.length))).toEqual(new Set([code.length + 8]));
    expect(lines[0]).toMatch(/^█+$/);
    expect(lines[2]?.slice(0, 12)).toBe("████ ▄▄▄▄▄ █");
  });
});
