import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../src/base/log.ts";
import { readArguments } from "../../src/commands/line/verb.ts";
import { verb } from "../../src/commands/settings.ts";
import { describeDataFolder } from "../../src/firmware/storage/data-folder.ts";
import { durableSystemFiles } from "../../src/firmware/storage/durable-files.ts";
import { keepLastGood, settingsOrLastGood } from "../../src/firmware/storage/last-good.ts";
import { lastGoodInUse, loadSettings, refusal } from "../../src/firmware/storage/settings-file.ts";
import { settingKeys } from "../../src/model/settings.ts";
import { VirtualClock } from "../../src/simulation/time/virtual-clock.ts";
import { capturePrinted } from "./printed.ts";

let folder: string;
let file: string;
const printed = capturePrinted();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grove-heater-test-"));
  file = join(folder, "settings.json");
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const settings = (...words: string[]) => verb.run(readArguments(verb, [...words, "--data", folder]));

describe.each([
  ["a value out of range", '{"targetStep": 2, "displayUnit": "F"}', /✗ targetStep: 2 is not allowed/],
  ["an unknown key", '{"targetmax": 22}', /✗ targetmax: there is no such setting \(did you mean targetMax\?/],
  [
    "a contradiction",
    '{"cutOff": 31}',
    /✗ cutOff: cutOff = 31, targetMax = 30 contradict .*targetMax \+ 2 K/,
  ],
  ["no object", "[]", /✗ the settings are an array/],
])("settings with %s", (_, text, named) => {
  beforeEach(() => writeFileSync(file, text));

  it.each(["check", "show"])(
    "are refused as a whole by %s, with the mistake and what it costs",
    async (word) => {
      expect(await settings(word)).toBe(78);
      expect(printed.text).toMatch(named);
      expect(printed.text.trimEnd().split("\n").at(-1)).toBe(refusal);
      expect(printed.text).not.toMatch(/in force|in use/);
    },
  );

  it("are told of in the same words by run, and never printed.text as values to go by", async () => {
    const failure = { exitCode: 78, remedy: expect.stringContaining(refusal) };
    expect(() => loadSettings({ path: file, named: false })).toThrow(expect.objectContaining(failure));
    await expect(settings("show", "--json")).rejects.toMatchObject(failure);
    expect(printed.text).toBe("");
  });
});

describe("settings that turned bad under a unit that ran", () => {
  const keep = async (): Promise<void> => {
    const data = describeDataFolder(folder);
    const parts = { data, files: durableSystemFiles, clock: new VirtualClock(), log: silentLog };
    const { good } = settingsOrLastGood({ path: file, named: false }, data);
    await keepLastGood(parts, { settings: good, board: undefined });
  };
  beforeEach(async () => {
    writeFileSync(file, '{"targetMax": 25}');
    await keep();
  });

  it("still end check with 78 and name the mistake, and are said to be replaced by the last good ones", async () => {
    writeFileSync(file, '{"targetStep": 2}');
    expect(await settings("check")).toBe(78);
    expect(printed.text).toMatch(/✗ targetStep: 2/);
    expect(printed.text.trimEnd().split("\n").at(-1)).toBe(lastGoodInUse);
  });

  it("and are empty say so too", async () => {
    writeFileSync(file, "");
    const failure = { exitCode: 78, remedy: expect.stringContaining(lastGoodInUse) };
    await expect(settings("check")).rejects.toMatchObject(failure);
    await expect(settings("show", "--json")).rejects.toMatchObject(failure);
    await expect(settings("check")).rejects.not.toMatchObject({ remedy: expect.stringContaining(refusal) });
  });
});

describe("the settings", () => {
  it("that are broken JSON are refused in the same words, with line and column", async () => {
    writeFileSync(file, '{"targetMax": 25,\n "targetMin": }');
    await expect(settings("check")).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining(`${file}:2:`),
      remedy: expect.stringContaining(refusal),
    });
  });

  it("that are valid are reported as valid, each with unit, limits and default", async () => {
    writeFileSync(file, '{"targetMax": 25}');
    expect(await settings("check")).toBe(0);
    expect(printed.text).toBe(`${file}: valid\n`);
    expect(await settings("show")).toBe(0);
    expect(printed.text).toContain("25 °C (default 30 °C)");
    for (const key of settingKeys) expect(printed.text).toContain(key);
  });

  it("are the defaults without a file", async () => {
    expect(await settings("show", "--json")).toBe(0);
    expect(JSON.parse(printed.text)).toMatchObject({ targetInitial: 19, targetMax: 30 });
    expect(await settings("check")).toBe(0);
    expect(printed.text).toContain("does not exist, so the defaults are in force");
  });

  it("must exist when the file was named", async () => {
    const missing = join(folder, "typo.json");
    await expect(settings("check", "--settings", missing)).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining(missing),
      remedy: expect.stringContaining(refusal),
    });
    writeFileSync(missing, "{}");
    expect(await settings("check", "--settings", missing)).toBe(0);
  });
});
