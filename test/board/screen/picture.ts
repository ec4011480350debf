/** Golden pictures: what the screens look like, as PNG files to look at and to compare with. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { PNG } from "pngjs";
import { expect } from "vitest";
import { glyph } from "../../../src/chips/font.ts";
import type { Framebuffer } from "../../../src/chips/framebuffer.ts";

type Colour = readonly [number, number, number];
/** A picture's pixels in display dots; painted three image pixels to the dot. */
interface Dots {
  readonly width: number;
  readonly height: number;
  readonly at: (x: number, y: number) => Colour;
}

const scale = 3;

export function oledPicture(fb: Framebuffer, dimmed: boolean): PNG {
  const lit: Colour = dimmed ? [88, 96, 104] : [232, 244, 255];
  return paint({
    width: fb.width + 4,
    height: fb.height + 4,
    at: (x, y) => (fb.get(x - 2, y - 2) ? lit : [8, 10, 14]),
  });
}

/** Several looks of a 16x2 display below each other, in the colour of its backlight. */
export function lcdPicture(looks: readonly (readonly [string, string])[], light: Colour): PNG {
  const background = light.map((part) => 24 + Math.round(part * 0.75)) as unknown as Colour;
  const cell: Colour = background.map((part) => Math.round(part * 0.93)) as unknown as Colour;
  const ink: Colour = [12, 14, 18];
  const lookHeight = 2 * 9 + 5;
  return paint({
    width: 16 * 6 + 5,
    height: looks.length * lookHeight,
    at(x, y) {
      const look = looks[Math.floor(y / lookHeight)];
      const row = Math.floor(((y % lookHeight) - 3) / 9);
      const dotY = ((y % lookHeight) - 3) % 9;
      const column = Math.floor((x - 3) / 6);
      const dotX = (x - 3) % 6;
      if (y % lookHeight === lookHeight - 1) return ink;
      const inCell = row >= 0 && row < 2 && column >= 0 && column < 16 && dotX >= 0 && dotX < 5 && dotY < 8;
      if (!inCell) return background;
      const bits = glyph(look?.[row]?.[column] ?? " ")[dotX] ?? 0;
      return bits & (1 << dotY) ? ink : cell;
    },
  });
}

function paint({ width, height, at }: Dots): PNG {
  const png = new PNG({ width: width * scale, height: height * scale });
  for (let y = 0; y < png.height; y++) {
    for (let x = 0; x < png.width; x++) {
      png.data.set([...at(Math.floor(x / scale), Math.floor(y / scale)), 255], (y * png.width + x) * 4);
    }
  }
  return png;
}

/** Compares with test/board/screen/golden/`name`.png, or renews it when UPDATE_GOLDEN=1 is set. */
export function expectGolden(name: string, picture: PNG): void {
  const path = fileURLToPath(new URL(`golden/${name}.png`, import.meta.url));
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, PNG.sync.write(picture));
    return;
  }
  const howTo = "if the new look is meant, run the test with UPDATE_GOLDEN=1 and look at the picture";
  expect(existsSync(path), `${name}.png is missing; ${howTo}`).toBe(true);
  const golden = PNG.sync.read(readFileSync(path));
  expect([picture.width, picture.height], `the size of ${name}; ${howTo}`).toEqual([
    golden.width,
    golden.height,
  ]);
  let differing = 0;
  for (let index = 0; index < golden.data.length; index += 4) {
    if (golden.data.compare(picture.data, index, index + 4, index, index + 4) !== 0) differing++;
  }
  expect(differing / (scale * scale), `dots of ${name} that differ; ${howTo}`).toBe(0);
}
