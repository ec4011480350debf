/**
 * A bitmap with one bit per pixel in the layout of page-addressed displays: pages of eight rows from the top, one byte
 * per column, bit 0 the upper row.
 *
 * Guarantee: drawing outside the bitmap does nothing.
 */
import { glyph, glyphAdvance, glyphHeight, glyphWidth } from "./font.ts";

/** A small picture to draw: rows of "#" (set) and anything else (left alone), all equally long. */
export type Bitmap = readonly string[];

export interface TextOptions {
  /** Pixels per dot, an integer; default 1. */
  readonly scale?: number;
  /** Default true; false draws in black on a filled area. */
  readonly on?: boolean;
}

/** @returns the width in pixels of `text`, without the gap after its last glyph. */
export function textWidth(text: string, scale = 1): number {
  const glyphs = [...text].length;
  return glyphs === 0 ? 0 : (glyphs * glyphAdvance - (glyphAdvance - glyphWidth)) * scale;
}

export class Framebuffer {
  readonly width: number;
  /** A multiple of eight. */
  readonly height: number;
  /** `width` × `height` / 8 bytes in page order. */
  readonly bytes: Uint8Array;

  constructor(width: number, height: number) {
    if (height % 8 !== 0) throw new RangeError(`height must be a multiple of 8, got ${height}`);
    this.width = width;
    this.height = height;
    this.bytes = new Uint8Array((width * height) / 8);
  }

  get(x: number, y: number): boolean {
    if (!this.#inside(x, y)) return false;
    return ((this.bytes[(y >> 3) * this.width + x] ?? 0) & (1 << (y & 7))) !== 0;
  }

  set(x: number, y: number, on = true): void {
    if (!this.#inside(x, y)) return;
    const index = (y >> 3) * this.width + x;
    const bit = 1 << (y & 7);
    const before = this.bytes[index] ?? 0;
    this.bytes[index] = on ? before | bit : before & ~bit;
  }

  fill(x: number, y: number, width: number, height: number, on = true): void {
    for (let row = y; row < y + height; row++) {
      for (let column = x; column < x + width; column++) this.set(column, row, on);
    }
  }

  /** A filled box with its corner pixels left out. */
  fillRounded(x: number, y: number, width: number, height: number, on = true): void {
    this.fill(x + 1, y, width - 2, height, on);
    this.fill(x, y + 1, 1, height - 2, on);
    this.fill(x + width - 1, y + 1, 1, height - 2, on);
  }

  /** The outline of `fillRounded`. */
  strokeRounded(x: number, y: number, width: number, height: number): void {
    this.fill(x + 1, y, width - 2, 1);
    this.fill(x + 1, y + height - 1, width - 2, 1);
    this.fill(x, y + 1, 1, height - 2);
    this.fill(x + width - 1, y + 1, 1, height - 2);
  }

  draw(bitmap: Bitmap, x: number, y: number, on = true): void {
    for (const [dy, row] of bitmap.entries()) {
      for (let dx = 0; dx < row.length; dx++) if (row[dx] === "#") this.set(x + dx, y + dy, on);
    }
  }

  /** Draws `text` with its upper left corner at (x, y). @returns the x of the next glyph. */
  text(text: string, x: number, y: number, { scale = 1, on = true }: TextOptions = {}): number {
    let left = x;
    for (const character of text) {
      for (const [column, bits] of glyph(character).entries()) {
        for (let row = 0; row < glyphHeight; row++) {
          if (bits & (1 << row)) this.fill(left + column * scale, y + row * scale, scale, scale, on);
        }
      }
      left += glyphAdvance * scale;
    }
    return left;
  }

  #inside(x: number, y: number): boolean {
    return (
      Number.isInteger(x) && Number.isInteger(y) && x >= 0 && x < this.width && y >= 0 && y < this.height
    );
  }
}
