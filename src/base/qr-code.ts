/**
 * QR codes (ISO/IEC 18004) of short texts: byte mode, error correction level M, versions 1 to 9, so at most 180 bytes.
 *
 * Guarantee: pure; the same text always gives the same code.
 */

/** Rows of modules; `true` is dark. Without the quiet zone of four modules around it. */
export type QrCode = readonly (readonly boolean[])[];

/** Of level M, by version: error correction codewords in each block, and blocks. */
const correction = [10, 16, 26, 18, 24, 16, 18, 22, 22];
const blockCounts = [1, 1, 1, 2, 2, 4, 4, 4, 5];

/** @returns `undefined` for a text that is too long */
export function qrCode(text: string): QrCode | undefined {
  const bytes = new TextEncoder().encode(text);
  const version = blockCounts.findIndex((_, index) => bytes.length + 2 <= dataBytes(index + 1)) + 1;
  if (version === 0) return undefined;
  const codewords = withCorrection(dataCodewords(bytes, version), version);
  const codes = Array.from({ length: 8 }, (_, mask) => drawn(version, codewords, mask));
  return codes.reduce((best, code) => (penalty(code) < penalty(best) ? code : best));
}

/** Modules that hold codewords, in bits. */
function rawBits(version: number): number {
  const size = sizeOf(version);
  const aligned = alignment(version).length;
  const patterns = aligned === 0 ? 0 : aligned ** 2 - 3;
  // Alignment patterns on a timing pattern share five modules with it.
  const shared = aligned === 0 ? 0 : (aligned - 2) * 2;
  const versionBits = version < 7 ? 0 : 36;
  return size ** 2 - 3 * 64 - 2 * 15 - 1 - (size - 16) * 2 - patterns * 25 + shared * 5 - versionBits;
}

const sizeOf = (version: number): number => version * 4 + 17;

const dataBytes = (version: number): number =>
  Math.floor(rawBits(version) / 8) - at(correction, version - 1) * at(blockCounts, version - 1);

/** Centres of the alignment patterns, on both axes. */
function alignment(version: number): readonly number[] {
  if (version === 1) return [];
  const last = sizeOf(version) - 7;
  return version < 7 ? [6, last] : [6, (last + 6) / 2, last];
}

/** Mode, length, text, end and padding. */
function dataCodewords(bytes: Uint8Array, version: number): readonly number[] {
  const nibbles = [4, bytes.length >> 4, bytes.length & 15];
  for (const byte of bytes) nibbles.push(byte >> 4, byte & 15);
  nibbles.push(0);
  const words: number[] = [];
  for (let i = 0; i < nibbles.length; i += 2) words.push((at(nibbles, i) << 4) | at(nibbles, i + 1));
  const length = dataBytes(version);
  for (let pad = 0xec; words.length < length; pad ^= 0xec ^ 0x11) words.push(pad);
  return words;
}

/** Adds each block's correction, and interleaves the blocks. */
function withCorrection(data: readonly number[], version: number): readonly number[] {
  const [degree, count] = [at(correction, version - 1), at(blockCounts, version - 1)];
  const total = Math.floor(rawBits(version) / 8);
  const short = count - (total % count);
  const shortLength = Math.floor(total / count) - degree;
  const divisor = generator(degree);
  const blocks: { readonly data: readonly number[]; readonly rest: readonly number[] }[] = [];
  for (let block = 0, from = 0; block < count; block += 1) {
    const length = shortLength + (block < short ? 0 : 1);
    const words = data.slice(from, from + length);
    blocks.push({ data: words, rest: remainder(words, divisor) });
    from += length;
  }
  const column = (length: number, of: (block: (typeof blocks)[number]) => readonly number[]) =>
    Array.from({ length }, (_, i) => blocks.flatMap((block) => of(block)[i] ?? [])).flat();
  return [...column(shortLength + 1, (block) => block.data), ...column(degree, (block) => block.rest)];
}

/** In GF(2⁸) modulo x⁸+x⁴+x³+x²+1. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> bit) & 1) * a;
  }
  return product;
}

/** Coefficients of (x−1)(x−2)(x−4)…, highest power first and without the leading 1. */
function generator(degree: number): readonly number[] {
  const result = new Array<number>(degree).fill(0);
  result[degree - 1] = 1;
  for (let i = 0, root = 1; i < degree; i += 1, root = multiply(root, 2))
    for (let j = 0; j < degree; j += 1) result[j] = multiply(at(result, j), root) ^ (result[j + 1] ?? 0);
  return result;
}

function remainder(data: readonly number[], divisor: readonly number[]): readonly number[] {
  let result = divisor.map(() => 0);
  for (const word of data) {
    const factor = word ^ at(result, 0);
    result = [...result.slice(1), 0].map((value, i) => value ^ multiply(at(divisor, i), factor));
  }
  return result;
}

/** The finished code with one of the eight masks. */
function drawn(version: number, codewords: readonly number[], mask: number): QrCode {
  const size = sizeOf(version);
  const fixed = fixedModules(version, mask);
  const modules = fixed.map((row) => row.map((module) => module ?? false));
  let bit = 0;
  // Pairs of columns from the right, upwards and downwards in turn; the timing pattern's column is skipped.
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step += 1) {
      const y = ((right + 1) & 2) === 0 ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        const row = modules[y];
        if (row === undefined || fixed[y]?.[x] !== undefined) continue;
        const dark = (((codewords[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
        row[x] = dark !== isMasked(mask, x, y);
        bit += 1;
      }
    }
  }
  return modules;
}

function isMasked(mask: number, x: number, y: number): boolean {
  const product = x * y;
  const values = [
    (x + y) % 2,
    y % 2,
    x % 3,
    (x + y) % 3,
    (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
    (product % 2) + (product % 3),
    ((product % 2) + (product % 3)) % 2,
    (((x + y) % 2) + (product % 3)) % 2,
  ];
  return values[mask] === 0;
}

type Draft = (boolean | undefined)[][];

/** All modules with fixed values; `undefined` for those that hold codewords. */
function fixedModules(version: number, mask: number): Draft {
  const size = sizeOf(version);
  const draft: Draft = Array.from({ length: size }, () =>
    new Array<boolean | undefined>(size).fill(undefined),
  );
  const set = (x: number, y: number, dark: boolean) => {
    const row = draft[y];
    if (row !== undefined && x >= 0 && x < size) row[x] = dark;
  };
  for (let i = 0; i < size; i += 1) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  const ring = (cx: number, cy: number, radius: number, light: readonly number[]) => {
    for (let dy = -radius; dy <= radius; dy += 1)
      for (let dx = -radius; dx <= radius; dx += 1)
        set(cx + dx, cy + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
  };
  for (const [cx, cy] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const)
    ring(cx, cy, 4, [2, 4]);
  const centres = alignment(version);
  const last = centres.at(-1);
  for (const cy of centres)
    for (const cx of centres) {
      const isFinder = (cx === 6 && (cy === 6 || cy === last)) || (cy === 6 && cx === last);
      if (!isFinder) ring(cx, cy, 2, [1]);
    }
  drawFormat(set, size, mask);
  if (version >= 7) drawVersion(set, size, version);
  return draft;
}

type SetModule = (x: number, y: number, dark: boolean) => void;

/** Draws the format bits twice, around the finder patterns. Level M is 00. */
function drawFormat(set: SetModule, size: number, mask: number): void {
  const bits = ((mask << 10) | bch(mask, 10, 0x537)) ^ 0x5412;
  const dark = (bit: number): boolean => ((bits >> bit) & 1) === 1;
  for (let i = 0; i < 15; i += 1) {
    const down = i < 6 ? i : i < 8 ? i + 1 : size - 15 + i;
    const left = i < 8 ? size - 1 - i : i < 9 ? 15 - i : 14 - i;
    set(8, down, dark(i));
    set(left, 8, dark(i));
  }
  set(8, size - 8, true);
}

function drawVersion(set: SetModule, size: number, version: number): void {
  const bits = (version << 12) | bch(version, 12, 0x1f25);
  for (let i = 0; i < 18; i += 1) {
    const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)];
    set(a, b, ((bits >> i) & 1) === 1);
    set(b, a, ((bits >> i) & 1) === 1);
  }
}

/** The remainder of a BCH code. */
function bch(value: number, degree: number, divisor: number): number {
  let rest = value;
  for (let i = 0; i < degree; i += 1) rest = (rest << 1) ^ ((rest >> (degree - 1)) * divisor);
  return rest;
}

/** The penalty of section 7.8.3, for long runs, blocks, patterns like a finder's, and too much of one colour. */
function penalty(code: QrCode): number {
  const columns = code.map((_, x) => code.map((row) => row[x] === true));
  let total = 0;
  for (const line of [...code, ...columns]) {
    const text = line.map((dark) => (dark ? "1" : "0")).join("");
    for (const run of text.match(/0{5,}|1{5,}/g) ?? []) total += run.length - 2;
    for (const pattern of [/(?=10111010000)/g, /(?=00001011101)/g])
      total += 40 * (text.match(pattern) ?? []).length;
  }
  code.forEach((row, y) => {
    row.forEach((dark, x) => {
      const square = [row[x + 1], code[y + 1]?.[x], code[y + 1]?.[x + 1]];
      if (square.every((other) => other === dark)) total += 3;
    });
  });
  const share = code.flat().filter(Boolean).length / code.length ** 2;
  return total + Math.floor(Math.abs(share - 0.5) * 20) * 10;
}

/**
 * The code in half-block characters, with the quiet zone. Light modules are drawn, so print it in a light
 * colour on a dark background.
 */
export function qrText(code: QrCode): readonly string[] {
  const quiet = 4;
  const side = code.length + 2 * quiet;
  const isLight = (x: number, y: number): boolean => code[y - quiet]?.[x - quiet] !== true;
  return Array.from({ length: Math.ceil(side / 2) }, (_, line) => {
    const cells = Array.from({ length: side }, (_unused, x) => {
      const [top, bottom] = [isLight(x, line * 2), line * 2 + 1 < side && isLight(x, line * 2 + 1)];
      return top ? (bottom ? "█" : "▀") : bottom ? "▄" : " ";
    });
    return cells.join("");
  });
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`there is no value at ${index}`);
  return value;
}
