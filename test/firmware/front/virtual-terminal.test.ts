/** The virtual hat in a terminal: drawn on terminals of any size, and the terminal given back as it was. */
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { celsius, hours, millis, relativeHumidity } from "../../../src/base/units.ts";
import { isAsciiOnly, VirtualTerminal } from "../../../src/firmware/front/virtual-terminal.ts";
import { dailyOutside, Room, roomPresets } from "../../../src/simulation/room/room.ts";
import { Surroundings } from "../../../src/simulation/room/surroundings.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { VirtualHat } from "../../../src/simulation/virtual-hat/virtual-hat.ts";
import { virtualWiring as wiring } from "../../simulation/virtual-hat/test-hat.ts";

function terminalOf(columns: number | undefined, rows: number | undefined) {
  const clock = new VirtualClock();
  const start = { temperature: celsius(18), humidity: relativeHumidity(45), seed: 1 };
  const surroundings = new Surroundings(new Room(roomPresets.living, start), {
    outside: dailyOutside(celsius(2), 4),
    startOfDay: hours(18),
  });
  const hat = new VirtualHat({ clock, wiring, plant: surroundings, display: "oled-128x64" });
  const raw: boolean[] = [];
  const input = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => raw.push(on) });
  const output = Object.assign(new PassThrough(), { columns, rows });
  const ready = { now: true };
  const asked: string[] = [];
  const parts = {
    hat,
    surroundings,
    clock,
    title: "the title",
    input: input as unknown as NodeJS.ReadStream,
    output: output as unknown as NodeJS.WriteStream,
    write: (text: string) => void output.write(text),
    ready: () => ready.now,
    colour: false,
    log: [],
    page: () => undefined,
    onQuit: () => asked.push("quit"),
    onPause: () => asked.push("pause"),
  };
  const terminal = new VirtualTerminal(parts);
  terminal.open();
  const written = () => String(output.read() ?? "");
  return { terminal, written, raw, input, clock, surroundings, ready, hat, asked };
}

describe("the virtual hat in a terminal", () => {
  it.each([
    [80, 24],
    [0, 0],
    [undefined, undefined],
  ])("is drawn where the terminal says that it has %s columns and %s rows", (columns, rows) => {
    const { terminal, written } = terminalOf(columns, rows);
    const drawn = written();
    terminal.close();
    expect(drawn).toContain("the title");
    expect(drawn).toContain("[a] lower");
  });

  it("gives the terminal back: line mode, cursor and screen", () => {
    const { terminal, written, raw } = terminalOf(80, 24);
    written();
    terminal.close();
    terminal.close();
    expect([written(), raw]).toEqual(["\x1b[?25h\x1b[?1049l", [true, false]]);
  });

  it("leaves frames out while the terminal takes none, and shows the newest when it does", async () => {
    const { terminal, written, clock, surroundings, ready } = terminalOf(80, 24);
    written();
    ready.now = false;
    surroundings.windowOpen = true;
    await clock.advance(millis(1000));
    expect(written()).toBe("");
    ready.now = true;
    await clock.advance(millis(100));
    expect(written()).toContain("window open");
    terminal.close();
  });

  it("presses the hat's buttons for keys, small or capital: taps, and a hold for the heater's", async () => {
    const { terminal, input, hat, clock } = terminalOf(80, 24);
    const { buttonA, buttonB, modeButton } = wiring;
    const down = () =>
      [buttonA, buttonB, modeButton].map(({ line, activeLevel }) => hat.gpio.level(line) === activeLevel);
    const typed = async (text: string) => {
      input.emit("data", text);
      await clock.advance(millis(100));
      const pressed = down();
      await clock.advance(millis(900));
      const held = down();
      await clock.advance(millis(1000));
      expect(down()).toEqual([false, false, false]);
      return { pressed, held };
    };
    const released = [false, false, false];
    expect(await typed("a")).toEqual({ pressed: [true, false, false], held: released });
    expect(await typed("B")).toEqual({ pressed: [false, true, false], held: released });
    expect(await typed("abm")).toEqual({ pressed: [true, true, true], held: released });
    expect(await typed("h")).toEqual({ pressed: [false, false, true], held: [false, false, true] });
    expect(await typed("x")).toEqual({ pressed: released, held: released });
    terminal.close();
    expect(await typed("a")).toEqual({ pressed: released, held: released });
  });

  it("opens the window, pauses and quits for a key, also for those that are signals elsewhere", () => {
    const { terminal, input, surroundings, asked } = terminalOf(80, 24);
    input.emit("data", "w");
    expect(surroundings.windowOpen).toBe(true);
    input.emit("data", "W");
    expect(surroundings.windowOpen).toBe(false);
    expect(asked).toEqual([]);
    input.emit("data", "\x1aq\x03\x04\x1c");
    expect(asked).toEqual(["pause", "quit", "quit", "quit", "quit"]);
    terminal.close();
  });

  it("goes on without keys when the terminal is gone", () => {
    const { terminal, input } = terminalOf(80, 24);
    input.emit("error", Object.assign(new Error("read EIO"), { code: "EIO" }));
    terminal.close();
  });
});

it.each([
  [{ LANG: "en_GB.UTF-8" }, false],
  [{ LANG: "de_DE.utf8" }, false],
  [{}, false],
  [{ LANG: "" }, false],
  [{ LANG: "C" }, true],
  [{ LANG: "en_GB.UTF-8", LC_ALL: "POSIX" }, true],
  [{ LANG: "de_DE.ISO-8859-1" }, true],
  [{ LANG: "en_GB.UTF-8", TERM: "linux" }, true],
])("a terminal with %j shows ASCII alone: %s", (env, expected) => {
  expect(isAsciiOnly(env)).toBe(expected);
});
