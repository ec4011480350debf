import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verb } from "../../src/commands/board.ts";
import { readArguments } from "../../src/commands/line/verb.ts";
import { packageRoot } from "../../src/firmware/process/package-root.ts";
import { capturePrinted } from "./printed.ts";

let folder: string;
const printed = capturePrinted();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grove-heater-test-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const board = (...words: string[]) => verb.run(readArguments(verb, [...words, "--data", folder]));
const lines = () => printed.text.split("\n");

describe("the verb board", () => {
  it("prints a table to wire by: each role with its socket, its line and the level that is on", async () => {
    expect(await board("grove-heater-pi")).toBe(0);
    expect(lines()[0]).toMatch(/\(real hat; board grove-heater-pi was requested\)$/);
    expect(lines().slice(2, 9)).toEqual([
      "relay             D16_YELLOW    GPIO16  high = on",
      "button A (lower)  D22_YELLOW    GPIO22  high = on",
      "button B (raise)  D24_YELLOW    GPIO24  high = on",
      "mode button       D18_WHITE     GPIO19  low = on",
      "mode LED          D18_YELLOW    GPIO18  high = on",
      expect.stringMatching(/^status LED +\S+ +GPIO\d+ +high = on$/),
      "sensor, display   I2C           bus 1",
    ]);
    expect(printed.text).toMatch(/\nBoards: .*grove-heater-pi, .*grove-heater-zero, .*virtual/);
    expect(printed.text).not.toContain(".json");
  });

  it("prints the same as JSON, and nothing else", async () => {
    expect(await board("grove-heater-pi", "--json")).toBe(0);
    expect(JSON.parse(printed.text)).toMatchObject({
      backend: "kernel",
      relay: { line: 16, activeLevel: 1 },
    });
  });

  it("shows the one that the settings name when none is named, and a named one before it", async () => {
    writeFileSync(join(folder, "settings.json"), '{"board": "grove-heater-zero"}');
    expect(await board()).toBe(0);
    expect(lines()[0]).toContain("board grove-heater-zero was requested");
    expect(await board("virtual")).toBe(0);
    expect(printed.text).toContain("(virtual hat; board virtual was requested)");
  });

  it("warns of what is allowed and odd in a definition", async () => {
    const own = join(folder, "own.json");
    const shipped = JSON.parse(readFileSync(join(packageRoot, "boards", "virtual.json"), "utf8"));
    shipped.Peripherals.push({ Name: "SPARE", Type: "Gpio", Mapping: "D16_YELLOW" });
    writeFileSync(own, JSON.stringify(shipped));
    const result = await board(own).catch((error: { exitCode: number }) => error.exitCode);
    // Whether it is a warning or a mistake, it is said, with its place.
    if (result === 0) expect(printed.text).toMatch(/^! .*own\.json:\d+:\d+: /m);
    else expect(result).toBe(78);
  });

  it("refuses a definition with a mistake, with 78 and its place", async () => {
    const own = join(folder, "own.json");
    writeFileSync(own, "{");
    await expect(board(own)).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining(`${own}:1:`),
    });
    expect(printed.text).toBe("");
  });
});
