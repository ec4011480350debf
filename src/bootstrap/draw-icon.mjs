/**
 * Draws the page's icon as PNG files, for the home screens that take no SVG.
 *
 * Knows what icon.svg uses: paths of M, c, half circles and z, each in one colour, on a rounded square.
 */
import { crc32, deflateSync } from "node:zlib";

/** Of the picture in icon.svg. */
const viewSize = 32;
/** Rows and columns in each pixel, for smooth edges. */
const samples = 4;
/** Opacities of a pixel at an edge: few, so that the colours fit into a palette. */
const edgeSteps = 5;

/** @typedef {readonly [number, number]} Point */
/** @typedef {readonly [number, number, number]} Colour */

/**
 * @param {string} svg the text of icon.svg
 * @param {number} size of the picture in pixels
 * @param {{ bleed: boolean }} how `bleed`: the ground fills the square, and the flame keeps clear of the edges
 * @returns {Buffer} a PNG file
 */
export function drawIcon(svg, size, { bleed }) {
  const [ground = ""] = /<rect[^>]*>/.exec(svg) ?? [];
  const radius = bleed ? 0 : Number(/rx="([\d.]+)"/.exec(ground)?.[1] ?? 0);
  const picture = new Picture(size);
  const scale = size / viewSize;
  picture.fill([roundedSquare(radius)].map(scaled(scale, 0)), colourOf(ground));
  const [shrink, shift] = bleed ? [scale * 0.8, size * 0.1] : [scale, 0];
  for (const [element, path = ""] of svg.matchAll(/<path d="([^"]+)"[^>]*>/g))
    picture.fill([outline(path)].map(scaled(shrink, shift)), colourOf(element));
  return picture.png();
}

/** @param {string} element @returns {Colour} */
function colourOf(element) {
  const digits = /fill="#([\da-f]+)"/.exec(element)?.[1] ?? "000";
  const six = digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits;
  const value = Number.parseInt(six, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** @param {number} by @param {number} shift @returns {(shape: Point[]) => Point[]} */
const scaled = (by, shift) => (shape) => shape.map(([x, y]) => [x * by + shift, y * by + shift]);

/** @param {number} radius @returns {Point[]} */
function roundedSquare(radius) {
  const far = viewSize - radius;
  /** @type {[number, number, number][]} */
  const corners = [
    [far, radius, -90],
    [far, far, 0],
    [radius, far, 90],
    [radius, radius, 180],
  ];
  return corners.flatMap(([x, y, from]) => arc([x, y], radius, from, 90));
}

/** @param {Point} centre @param {number} radius @param {number} from degrees @param {number} turn @returns {Point[]} */
function arc([x, y], radius, from, turn) {
  return Array.from({ length: 33 }, (_, step) => {
    const angle = ((from + (turn * step) / 32) * Math.PI) / 180;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });
}

/** @param {string} path @returns {Point[]} */
function outline(path) {
  /** @type {Point[]} */
  const points = [];
  /** @type {Point} */
  let at = [0, 0];
  for (const [, command, text = ""] of path.matchAll(/([Mca])([^Mcaz]*)/g)) {
    const numbers = (text.match(/-?(?:\d+\.?\d*|\.\d+)/g) ?? []).map(Number);
    const read = (/** @type {number} */ index) => numbers[index] ?? 0;
    if (command === "M") {
      at = [read(0), read(1)];
      points.push(at);
    } else if (command === "a") {
      const [dx, radius] = [read(5), read(0)];
      // A half circle to the left goes through the bottom.
      points.push(...arc([at[0] + dx / 2, at[1]], radius, 0, 180));
      at = [at[0] + dx, at[1] + read(6)];
    } else {
      for (let i = 0; i + 5 < numbers.length; i += 6) {
        const [x, y] = at;
        const curve = [0, 2, 4].map((j) => [x + read(i + j), y + read(i + j + 1)]);
        const end = curve[2] ?? at;
        for (let step = 1; step <= 16; step += 1) points.push(bezier([at, ...curve], step / 16));
        at = [end[0] ?? 0, end[1] ?? 0];
      }
    }
  }
  return points;
}

/** @param {readonly (readonly number[])[]} controls four points @param {number} t @returns {Point} */
function bezier(controls, t) {
  const weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3];
  const sum = (/** @type {number} */ axis) =>
    controls.reduce((total, point, i) => total + (point[axis] ?? 0) * (weights[i] ?? 0), 0);
  return [sum(0), sum(1)];
}

class Picture {
  #size;
  #pixels;

  /** @param {number} size */
  constructor(size) {
    this.#size = size;
    /** Red, green, blue and opacity. */
    this.#pixels = new Float64Array(size * size * 4);
  }

  /** By the even-odd rule. @param {readonly Point[][]} shapes @param {Colour} colour */
  fill(shapes, colour) {
    const size = this.#size;
    for (let y = 0; y < size; y += 1) {
      const cover = new Float64Array(size);
      for (let sample = 0; sample < samples; sample += 1) {
        const crossings = crossingsAt(shapes, y + (sample + 0.5) / samples);
        for (let i = 0; i + 1 < crossings.length; i += 2)
          addSpan(cover, crossings[i] ?? 0, crossings[i + 1] ?? 0);
      }
      cover.forEach((share, x) => {
        const at = (y * size + x) * 4;
        const opacity = Math.min(1, Math.round((share / samples) * edgeSteps) / edgeSteps);
        for (const [channel, value] of [...colour, 255].entries())
          this.#pixels[at + channel] = (this.#pixels[at + channel] ?? 0) * (1 - opacity) + value * opacity;
      });
    }
  }

  /** With a palette: a picture of few colours is then a third as long. */
  png() {
    const size = this.#size;
    /** @type {Map<number, number>} */
    const palette = new Map();
    const rows = Buffer.alloc(size * (size + 1));
    for (let at = 0; at < size * size; at += 1) {
      const colour = this.#colourAt(at);
      const known = palette.get(colour) ?? palette.size;
      palette.set(colour, known);
      rows[at + Math.floor(at / size) + 1] = known;
    }
    if (palette.size > 256) throw new Error(`an icon has at most 256 colours, not ${palette.size}`);
    const colours = [...palette.keys()];
    const header = Buffer.alloc(13);
    header.writeUInt32BE(size, 0);
    header.writeUInt32BE(size, 4);
    // Eight bits, from the palette.
    header.set([8, 3], 8);
    const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    return Buffer.concat([
      signature,
      chunk("IHDR", header),
      chunk(
        "PLTE",
        Buffer.from(colours.flatMap((rgba) => [rgba >>> 24, (rgba >>> 16) & 255, (rgba >>> 8) & 255])),
      ),
      chunk("tRNS", Buffer.from(colours.map((rgba) => rgba & 255))),
      chunk("IDAT", deflateSync(rows, { level: 9 })),
      chunk("IEND", Buffer.alloc(0)),
    ]);
  }

  /** @param {number} pixel @returns {number} eight bits each of red, green, blue and opacity */
  #colourAt(pixel) {
    const [red = 0, green = 0, blue = 0, opacity = 0] = this.#pixels
      .subarray(pixel * 4, pixel * 4 + 4)
      .map(Math.round);
    return ((red << 24) | (green << 16) | (blue << 8) | opacity) >>> 0;
  }
}

/** @param {readonly Point[][]} shapes @param {number} y @returns {number[]} ascending */
function crossingsAt(shapes, y) {
  return shapes
    .flatMap((shape) =>
      shape.flatMap(([x0, y0], i) => {
        const [x1, y1] = shape[(i + 1) % shape.length] ?? [x0, y0];
        return y0 <= y === y1 <= y ? [] : [x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)];
      }),
    )
    .sort((a, b) => a - b);
}

/** @param {Float64Array} cover @param {number} from @param {number} to */
function addSpan(cover, from, to) {
  for (let x = Math.max(0, Math.floor(from)); x < Math.min(cover.length, Math.ceil(to)); x += 1)
    cover[x] = (cover[x] ?? 0) + Math.max(0, Math.min(to, x + 1) - Math.max(from, x));
}

/** @param {string} type @param {Buffer} data */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "ascii"), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}
