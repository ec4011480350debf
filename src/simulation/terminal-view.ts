/**
 * Folder simulation/: simulated chips, hat, room, time and scenarios.
 *
 * The virtual hat as text: display pixels in braille, LEDs, room, keys, newest log lines.
 *
 * Guarantee: pure; never larger than the terminal; colour never carries information alone; the picture's
 * content is also shown as plain text, if that is given, and in ASCII only for a terminal without other
 * characters.
 */

/** A monochrome picture: x to the right, y down. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  lit(x: number, y: number): boolean;
}

export interface TerminalView {
  readonly title: string;
  readonly pixels: Pixels | undefined;
  readonly dimmed: boolean;
  /** The display's content in one line: below the picture, or instead of it. */
  readonly status?: string | undefined;
  readonly lamps: readonly { readonly name: string; readonly lit: boolean }[];
  readonly facts: readonly string[];
  readonly keys: readonly { readonly key: string; readonly does: string }[];
  readonly log: readonly string[];
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
  /** The terminal shows only ASCII: no picture. */
  readonly ascii?: boolean;
}

/** Dots of a braille cell, by [row][column] (Unicode block 2800: dots 1,4 / 2,5 / 3,6 / 7,8). */
const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

const style = { bold: "\x1b[1m", faint: "\x1b[2m", green: "\x1b[32m", cyan: "\x1b[36m", end: "\x1b[0m" };

/** Each character is two columns and four rows of pixels. */
export function braille(pixels: Pixels): string[] {
  const lines: string[] = [];
  for (let y = 0; y < pixels.height; y += 4) {
    let line = "";
    for (let x = 0; x < pixels.width; x += 2) line += String.fromCodePoint(0x2800 + cell(pixels, x, y));
    lines.push(line);
  }
  return lines;
}

function cell(pixels: Pixels, x: number, y: number): number {
  let value = 0;
  for (const [dy, row] of dots.entries()) {
    for (const [dx, dot] of row.entries()) if (pixels.lit(x + dx, y + dy)) value |= dot;
  }
  return value;
}

/** @returns at most `rows` lines of at most `columns` visible characters. */
export function drawTerminal(view: TerminalView, size: TerminalSize): string[] {
  const paint = (name: keyof typeof style, text: string): string =>
    size.colour ? `${style[name]}${text}${style.end}` : text;
  const cut = (text: string): string =>
    (size.ascii ? asciiOf(text) : text).slice(0, Math.max(0, size.columns));
  const lines = [paint("bold", cut(view.title))];
  for (const line of picture(view, size)) lines.push(paint(view.dimmed ? "faint" : "cyan", cut(line)));
  if (view.status !== undefined) lines.push(paint("bold", cut(view.status)));
  lines.push(lamps(view, size, paint));
  for (const fact of view.facts) lines.push(cut(fact));
  lines.push(cut(view.keys.map(({ key, does }) => `[${key}] ${does}`).join("  ")));
  const room = size.rows - lines.length - 1;
  for (const line of room > 0 ? view.log.slice(-room) : []) lines.push(paint("faint", cut(line)));
  return lines.slice(0, Math.max(0, size.rows));
}

const asciiMarks: Readonly<Record<string, string>> = {
  "●": "*",
  "○": "o",
  "°": "",
  "×": "x",
  "–": "-",
  "—": "-",
};

/** Only characters that any terminal can show. */
const asciiOf = (text: string): string =>
  text.replaceAll(/[^\x20-\x7e]/gu, (character) => asciiMarks[character] ?? "?");

/** The picture in a frame; its text instead, if the terminal is too small or cannot show the characters. */
function picture({ pixels, status }: TerminalView, size: TerminalSize): string[] {
  if (pixels === undefined) return ["(no display connected)"];
  const rows = braille(pixels);
  const width = Math.ceil(pixels.width / 2);
  const others = status === undefined ? 8 : 9;
  const tooNarrow = width + 2 > size.columns;
  if (status !== undefined && (size.ascii || tooNarrow)) return [];
  if (size.ascii || tooNarrow || rows.length + others > size.rows)
    return [`(the display needs a terminal of ${width + 2} × ${rows.length + others})`];
  return [`┌${"─".repeat(width)}┐`, ...rows.map((row) => `│${row}│`), `└${"─".repeat(width)}┘`];
}

function lamps(
  view: TerminalView,
  size: TerminalSize,
  paint: (name: keyof typeof style, text: string) => string,
): string {
  const text = view.lamps.map(({ name, lit }) => `${lit ? "●" : "○"} ${name} ${lit ? "on" : "off"}`);
  const plain = size.ascii ? text.map(asciiOf) : text;
  if (plain.join("   ").length > size.columns) return plain.join(" ").slice(0, size.columns);
  return plain.map((text, index) => paint(view.lamps[index]?.lit ? "green" : "faint", text)).join("   ");
}
