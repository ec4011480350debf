/** The virtual hat as text: what stands in the lines, what happens to it in a small terminal, and the colours. */
import { describe, expect, it } from "vitest";
import { braille, drawTerminal, type Pixels, type TerminalView } from "../../src/simulation/terminal-view.ts";

/** A picture from its rows, `#` lit. */
function pixels(...rows: string[]): Pixels {
  return { width: rows[0]?.length ?? 0, height: rows.length, lit: (x, y) => rows[y]?.[x] === "#" };
}

const small = pixels("#..#", "....", "....", ".##.");
const view: TerminalView = {
  title: "grove-heater",
  pixels: small,
  dimmed: false,
  lamps: [
    { name: "relay", lit: true },
    { name: "mode", lit: false },
  ],
  facts: ["air 19.0 °C", "outside 2.0 °C"],
  keys: [
    { key: "a", does: "lower" },
    { key: "q", does: "quit" },
  ],
  log: ["first", "second", "third"],
};
const plain = { columns: 80, rows: 24, colour: false };
const [bold, faint, green, cyan, end] = ["\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[36m", "\x1b[0m"];

describe("a picture in braille", () => {
  it("puts two columns and four rows of pixels into a character, each at its own dot", () => {
    expect(braille(small)).toEqual(["⢁⡈"]);
    const dots = [..."⠁⠈⠂⠐⠄⠠⡀⢀"];
    const seen = dots.map((_, at) => {
      const lit = (x: number, y: number) => x === at % 2 && y === Math.floor(at / 2);
      return braille({ width: 2, height: 4, lit })[0];
    });
    expect(seen).toEqual(dots);
  });

  it("has a line for each four rows, and for what is left of them", () => {
    expect(braille(pixels("##", "..", "..", "..", "##"))).toEqual(["⠉", "⠉"]);
  });
});

describe("the virtual hat as text", () => {
  it("shows title, display, lamps, facts, keys and the log, in this order", () => {
    expect(drawTerminal(view, plain)).toEqual([
      "grove-heater",
      "┌──┐",
      "│⢁⡈│",
      "└──┘",
      "● relay on   ○ mode off",
      "air 19.0 °C",
      "outside 2.0 °C",
      "[a] lower  [q] quit",
      "first",
      "second",
      "third",
    ]);
  });

  it("paints what is lit, and loses nothing else without colour", () => {
    const painted = drawTerminal(view, { ...plain, colour: true });
    expect(painted[0]).toBe(`${bold}grove-heater${end}`);
    expect(painted[2]).toBe(`${cyan}│⢁⡈│${end}`);
    expect(painted[4]).toBe(`${green}● relay on${end}   ${faint}○ mode off${end}`);
    expect(painted.at(-1)).toBe(`${faint}third${end}`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with the escape character
    expect(painted.map((line) => line.replaceAll(/\x1b\[\d+m/g, ""))).toEqual(drawTerminal(view, plain));
    const dimmed = drawTerminal({ ...view, dimmed: true }, { ...plain, colour: true });
    expect(dimmed[2]).toBe(`${faint}│⢁⡈│${end}`);
  });

  it("says so when no display is plugged in, and when the terminal is too small for it", () => {
    expect(drawTerminal({ ...view, pixels: undefined }, plain)[1]).toBe("(no display connected)");
    const large = pixels(...Array.from({ length: 64 }, () => "#".repeat(128)));
    const drawn = (columns: number, rows: number) =>
      drawTerminal({ ...view, pixels: large }, { columns, rows, colour: false });
    expect(drawn(66, 24)[1]).toBe(`┌${"─".repeat(64)}┐`);
    expect(drawn(65, 24)[1]).toBe("(the display needs a terminal of 66 × 24)");
    expect(drawn(66, 23)[1]).toBe("(the display needs a terminal of 66 × 24)");
  });

  it("moves the lamps together where they do not fit, and keeps the newest of the log", () => {
    const fits = "● relay on   ○ mode off".length;
    expect(drawTerminal(view, { ...plain, columns: fits })[4]).toBe("● relay on   ○ mode off");
    expect(drawTerminal(view, { ...plain, columns: fits - 1 })[4]).toBe("● relay on ○ mode off");
    expect(drawTerminal({ ...view, pixels: undefined }, { ...plain, rows: 9 }).slice(6)).toEqual([
      "second",
      "third",
    ]);
  });

  it("says in a line what the display says: below it, and in its place where it does not fit", () => {
    const large = pixels(...Array.from({ length: 64 }, () => "#".repeat(128)));
    const status = "20.4 °C (set-point 21.0 °C), auto, heater on, demand 43 %";
    const drawn = (columns: number, more: object = {}) =>
      drawTerminal({ ...view, pixels: large, status }, { columns, rows: 40, colour: false, ...more });
    expect(drawn(66)[19]).toBe(status);
    expect(drawn(65).slice(0, 3)).toEqual(["grove-heater", status, "● relay on   ○ mode off"]);
    expect(drawn(80, { ascii: true }).slice(0, 3)).toEqual([
      "grove-heater",
      "20.4 C (set-point 21.0 C), auto, heater on, demand 43 %",
      "* relay on   o mode off",
    ]);
    for (const line of drawn(80, { ascii: true })) expect(line).toMatch(/^[ -~]*$/);
  });

  it("is never wider or taller than the terminal", () => {
    for (let columns = 0; columns < 30; columns++) {
      for (let rows = 0; rows < 14; rows++) {
        for (const pictured of [small, undefined]) {
          const lines = drawTerminal({ ...view, pixels: pictured }, { columns, rows, colour: false });
          expect(lines.length).toBeLessThanOrEqual(rows);
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
        }
      }
    }
  });
});
