/**
 * A typeface for large digits, described by strokes and drawn at any size: round ends, even weight, equal width of
 * all digits, so that a value changes without moving its neighbours.
 *
 * A figure is a list of strokes in a box of 10 × 20 units, y downwards, that a round pen follows. Points are
 * joined by lines; arcs are cut into short lines.
 */
import type { Bitmap } from "./framebuffer.ts";

type Point = readonly [x: number, y: number];

/** Points on an ellipse's rim, clockwise from `from` to `to` degrees; 0 is right, 90 is down. */
function arc(cx: number, cy: number, rx: number, ry: number, from: number, to: number): Point[] {
  const steps = Math.ceil(Math.abs(to - from) / 7.5);
  // Rounded to a fine grid, since JavaScript engines may differ in the last digit of a sine.
  const grid = (value: number) => Math.round(value * 256) / 256;
  return Array.from({ length: steps + 1 }, (_, step) => {
    const angle = ((from + ((to - from) * step) / steps) * Math.PI) / 180;
    return [grid(cx + rx * Math.cos(angle)), grid(cy + ry * Math.sin(angle))] as const;
  });
}

const left = 180;
const up = 270;
const right = 360;

const figures: Readonly<Record<string, readonly (readonly Point[])[]>> = {
  "0": [[...arc(5, 5, 5, 5, left, right), ...arc(5, 15, 5, 5, 0, 180), [0, 5]]],
  "1": [
    [
      [1.5, 3.5],
      [5.5, 0],
      [5.5, 20],
    ],
  ],
  "2": [[...arc(5, 5, 5, 5, left, right + 35), [0, 20], [10, 20]]],
  "3": [
    [...arc(5, 4.8, 4.6, 4.8, left + 12, right + 90)],
    [...arc(5, 14.8, 5, 5.2, up, up + 258)],
    [
      [4, 9.6],
      [5, 9.6],
    ],
  ],
  "4": [
    [
      [7.5, 20],
      [7.5, 0],
      [0, 14.5],
      [10, 14.5],
    ],
  ],
  "5": [[[9.2, 0], [1, 0], [0.6, 9.2], ...arc(5, 13.8, 5, 6.2, 225, 360 + 155)]],
  "6": [[...arc(5, 14.4, 5, 5.6, 0, 360)], [...arc(8.2, 13.6, 8.2, 13.6, left, up - 6)]],
  "7": [
    [
      [0, 0],
      [10, 0],
      [3.4, 20],
    ],
  ],
  "8": [[...arc(5, 4.7, 4.4, 4.7, 0, 360)], [...arc(5, 14.6, 5, 5.4, 0, 360)]],
  "9": [[...arc(5, 5.6, 5, 5.6, 0, 360)], [...arc(1.8, 6.4, 8.2, 13.6, 0, 84)]],
  "-": [
    [
      [0, 10],
      [10, 10],
    ],
  ],
  // Placeholder for an unknown digit.
  "–": [
    [
      [1.5, 10],
      [8.5, 10],
    ],
  ],
  C: [arc(5, 10, 5, 10, 45, 315)],
  F: [
    [
      [9, 0],
      [0, 0],
      [0, 20],
    ],
    [
      [0, 9.5],
      [7.5, 9.5],
    ],
  ],
};

export interface FigureStyle {
  /** Height in pixels. */
  readonly height: number;
  /** Width in pixels of a figure; a point is narrower. */
  readonly width: number;
  /** Thickness of the pen in pixels. */
  readonly pen: number;
  /** Pixels between two figures. */
  readonly gap: number;
}

const drawn = new Map<string, Bitmap>();

/** @returns the picture of one figure; "." sits on the baseline, anything unknown is empty. */
export function figure(character: string, style: FigureStyle): Bitmap {
  const key = `${character} ${style.width} ${style.height} ${style.pen}`;
  let bitmap = drawn.get(key);
  if (!bitmap) {
    bitmap = character === "." ? point(style) : ink(figures[character] ?? [], inkStyle(character, style));
    drawn.set(key, bitmap);
  }
  return bitmap;
}

/** @returns the width in pixels of `text`, without a gap after its end. */
export function figuresWidth(text: string, style: FigureStyle): number {
  let width = -style.gap;
  for (const character of text) width += (figure(character, style)[0]?.length ?? 0) + style.gap;
  return Math.max(0, width);
}

function point({ height, pen }: FigureStyle): Bitmap {
  const size = pen + (pen > 3 ? 1 : 0);
  return Array.from({ length: height }, (_, y) => {
    if (y < height - size) return " ".repeat(size);
    const corner = size > 3 && (y === height - size || y === height - 1);
    return corner ? ` ${"#".repeat(size - 2)} ` : "#".repeat(size);
  });
}

/** A minus is narrower than a digit. */
function inkStyle(character: string, style: FigureStyle): FigureStyle {
  return character === "-" ? { ...style, width: Math.round(style.width * 0.6) } : style;
}

function ink(strokes: readonly (readonly Point[])[], { width, height, pen }: FigureStyle): Bitmap {
  const scaled = strokes.map((stroke) =>
    stroke.map(([x, y]): Point => [pen / 2 + (x * (width - pen)) / 10, pen / 2 + (y * (height - pen)) / 20]),
  );
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (touches(scaled, [x + 0.5, y + 0.5], pen / 2) ? "#" : " ")).join(
      "",
    ),
  );
}

function touches(strokes: readonly (readonly Point[])[], at: Point, radius: number): boolean {
  return strokes.some((stroke) =>
    stroke.some(
      (end, index) => squaredDistance(at, stroke[Math.max(0, index - 1)] ?? end, end) <= radius * radius,
    ),
  );
}

function squaredDistance([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const dx = bx - ax;
  const dy = by - ay;
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
  const px = x - ax - along * dx;
  const py = y - ay - along * dy;
  return px * px + py * py;
}
