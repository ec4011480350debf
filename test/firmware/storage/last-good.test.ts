/** SR-11: what serves when a file has turned bad under a unit that ran with a good one. */
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readBoard } from "../../../src/firmware/choose-board.ts";
import { packageRoot } from "../../../src/firmware/process/package-root.ts";
import { type DataFolder, describeDataFolder } from "../../../src/firmware/storage/data-folder.ts";
import { durableSystemFiles } from "../../../src/firmware/storage/durable-files.ts";
import {
  boardOrLastGood,
  failingFiles,
  keepLastGood,
  logProblems,
  relayKey,
  settingsOrLastGood,
} from "../../../src/firmware/storage/last-good.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { type LogLine, recordingLog } from "../../hub/running-hub.ts";

let folder: string;
let data: DataFolder;
let lines: LogLine[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grove-heater-test-"));
  data = describeDataFolder(folder);
  lines = [];
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const file = () => ({ path: data.settingsFile, named: false });
const write = (text: string) => writeFileSync(data.settingsFile, text);

/** A run of the unit: decides, and keeps what served. */
async function run({ settings = file(), board = "virtual", files = durableSystemFiles } = {}) {
  const decided = { settings: settingsOrLastGood(settings, data), board: boardOrLastGood(board, data) };
  const parts = { data, files, clock: new VirtualClock(), log: recordingLog(lines) };
  await keepLastGood(parts, { settings: decided.settings.good, board: decided.board.good });
  return decided;
}

function replace(path: string, make: () => unknown): void {
  rmSync(path);
  make();
}

const bad: readonly (readonly [what: string, spoil: (path: string) => void])[] = [
  ["empty", (path) => writeFileSync(path, "")],
  ["filled with NULs", (path) => writeFileSync(path, "\0".repeat(20))],
  ["cut off", (path) => writeFileSync(path, '{"targetMax": 2')],
  ["no JSON object", (path) => writeFileSync(path, "[]")],
  ["a FIFO", (path) => replace(path, () => execFileSync("mkfifo", [path]))],
  ["a folder", (path) => replace(path, () => mkdirSync(path))],
  ["of 1 GB", (path) => truncateSync(path, 2 ** 30)],
];

describe("SR-11: a settings file that turned bad under a unit that ran", () => {
  it.each([...bad, ["mistaken", (path: string) => writeFileSync(path, '{"targetMax": 99}')] as const])(
    "and is %s: the last good settings serve, and the part is reported",
    async (_, spoil) => {
      write('{"targetMax": 25}');
      await run();
      spoil(data.settingsFile);
      const { settings, board } = await run();
      expect(settings.value.targetMax).toBe(25);
      expect(settings.problem).toMatchObject({ exitCode: 78 });
      expect(failingFiles(settings, board)).toEqual(["settings"]);
      logProblems(recordingLog(lines), settings, board);
      expect(lines.at(-1)).toMatchObject({
        level: "error",
        event: "settings-unreadable",
        fields: { now: "the last good settings", cause: expect.stringContaining(data.settingsFile) },
      });
      expect(JSON.stringify(lines.at(-1))).not.toContain("refuses to start");
    },
  );

  it("uses the last good ones at every start, until the file is valid", async () => {
    write('{"targetMax": 25}');
    await run();
    write("");
    await run();
    expect((await run()).settings.value.targetMax).toBe(25);
    write('{"targetMax": 26}');
    expect((await run()).settings).toMatchObject({ value: { targetMax: 26 }, problem: undefined });
    write("");
    expect((await run()).settings.value.targetMax).toBe(26);
  });

  it("is refused with 78 where there never was a good one", async () => {
    write("");
    await expect(run()).rejects.toMatchObject({ exitCode: 78, remedy: expect.stringContaining("stays off") });
  });

  it("falls back to the defaults when those were in force", async () => {
    await run();
    write("");
    expect((await run()).settings).toMatchObject({ value: { targetMax: 30 }, problem: { exitCode: 78 } });
  });

  it("that was removed means the defaults, and is no fault", async () => {
    write('{"targetMax": 25}');
    await run();
    rmSync(data.settingsFile);
    expect((await run()).settings).toMatchObject({ value: { targetMax: 30 }, problem: undefined });
    write("");
    expect((await run()).settings.value.targetMax).toBe(30);
  });

  it.each(["in the data folder", "elsewhere"])(
    "is known by its name after that folder moved: %s",
    async (where) => {
      const other = mkdtempSync(join(tmpdir(), "grove-heater-test-"));
      const named = () => join(where === "elsewhere" ? other : data.path, "mine.json");
      data = describeDataFolder(join(folder, "one"));
      mkdirSync(data.path);
      writeFileSync(named(), '{"targetMax": 25}');
      await run({ settings: { path: named(), named: true } });
      mkdirSync(join(folder, "deeper"));
      renameSync(data.path, join(folder, "deeper", "two"));
      data = describeDataFolder(join(folder, "deeper", "two"));
      writeFileSync(named(), "");
      expect((await run({ settings: { path: named(), named: true } })).settings.value.targetMax).toBe(25);
      rmSync(other, { recursive: true });
    },
  );

  it("that was named and is missing is replaced by its last good copy only if it was the last one in use; another name is a typing error", async () => {
    const named = join(folder, "mine.json");
    writeFileSync(named, '{"targetMax": 25}');
    await run({ settings: { path: named, named: true } });
    rmSync(named);
    expect((await run({ settings: { path: named, named: true } })).settings.value.targetMax).toBe(25);
    const typo = { path: join(folder, "mime.json"), named: true };
    await expect(run({ settings: typo })).rejects.toMatchObject({ exitCode: 78 });
    write("");
    await expect(run()).rejects.toMatchObject({ exitCode: 78 });
  });

  it("is refused when what was kept is damaged too; one generation of that may be", async () => {
    for (const targetMax of [25, 26]) {
      write(JSON.stringify({ targetMax }));
      await run();
    }
    write("");
    writeFileSync(data.lastGoodFile, readFileSync(data.lastGoodFile, "utf8").replace("26", "27"));
    expect(settingsOrLastGood(file(), data).value.targetMax).toBe(25);
    writeFileSync(`${data.lastGoodFile}.previous`, "");
    expect(() => settingsOrLastGood(file(), data)).toThrow(expect.objectContaining({ exitCode: 78 }));
  });
});

describe("SR-11: a board file that turned bad under a unit that ran", () => {
  let board: string;
  /** Three layers of one's own. */
  const copy = (from: string, to: string, imports: string, imported: string): void => {
    const text = readFileSync(join(packageRoot, "boards", from), "utf8");
    mkdirSync(dirname(join(folder, to)), { recursive: true });
    writeFileSync(join(folder, to), text.replace(`"${imports}"`, `"${imported}"`));
  };
  beforeEach(() => {
    board = join(folder, "own.json");
    copy("virtual.json", "own.json", "hats/virtual-hat.json", "hats/own-hat.json");
    copy("hats/virtual-hat.json", "hats/own-hat.json", "../chips/virtual.json", "../chips/own-chip.json");
    copy("chips/virtual.json", "chips/own-chip.json", "", "");
  });

  it.each(bad)("and is %s: the last good one serves, its relay is the one forced off", async (_, spoil) => {
    const before = (await run({ board })).board.value.wiring;
    spoil(board);
    const { board: decided, settings } = await run({ board });
    expect(decided.value.wiring).toEqual(before);
    expect(decided.problem).toMatchObject({ exitCode: 78 });
    expect(failingFiles(settings, decided)).toEqual(["board"]);
  });

  it.each(["hats/own-hat.json", "chips/own-chip.json"])("as %s that it imports did", async (imported) => {
    const before = (await run({ board })).board.value.wiring;
    writeFileSync(join(folder, imported), "");
    expect((await run({ board })).board.value.wiring).toEqual(before);
  });

  it("is refused with 78 where that very board never ran", async () => {
    await run();
    writeFileSync(board, "");
    await expect(run({ board })).rejects.toMatchObject({ exitCode: 78 });
  });

  it("SR-12: is not taken up by the loop with another relay than the guardian forces off", async () => {
    const { wiring } = (await run({ board })).board.value;
    const text = readFileSync(board, "utf8");
    const swapped: Readonly<Record<string, string>> = { D16_YELLOW: "D24_YELLOW", D24_YELLOW: "D16_YELLOW" };
    writeFileSync(
      board,
      text.replace(/D16_YELLOW|D24_YELLOW/g, (socket) => swapped[socket] ?? socket),
    );
    const other = readBoard(board).wiring;
    expect(relayKey(other)).not.toBe(relayKey(wiring));
    const decided = boardOrLastGood(board, data, relayKey(wiring));
    expect(decided.value.wiring).toEqual(wiring);
    expect(decided.problem?.remedy).toContain("start it again");
    rmSync(data.lastGoodFile);
    expect(() => boardOrLastGood(board, data, relayKey(wiring))).toThrow(
      expect.objectContaining({ exitCode: 78 }),
    );
  });
});

describe("what is kept of good files", () => {
  it("is written when it is new, and only then", async () => {
    write('{"targetMax": 25}');
    await run();
    const written = statSync(data.lastGoodFile).mtimeMs;
    const text = readFileSync(data.lastGoodFile, "utf8");
    await run();
    expect(statSync(data.lastGoodFile).mtimeMs).toBe(written);
    expect(readFileSync(data.lastGoodFile, "utf8")).toBe(text);
    expect(readdirSync(folder).toSorted()).toEqual(["last-good.json", "settings.json"]);
  });

  it("is limited in size: a huge file is used, but not kept", async () => {
    write(`{"targetMax": 25}${" ".repeat(255 * 1024)}`);
    await run();
    write(`{"targetMax": 25}`);
    await run();
    write(`{"targetMax": 26}${" ".repeat(255 * 1024)}`);
    expect((await run()).settings.value.targetMax).toBe(26);
    expect(lines.at(-1)?.event).toBe("last-good-not-kept");
    expect(statSync(data.lastGoodFile).size).toBeLessThan(256 * 1024);
  });

  it("is no failure on a disk that takes nothing", async () => {
    const refuses = () => Promise.reject(Object.assign(new Error("EROFS"), { code: "EROFS" }));
    const files = { ...durableSystemFiles, writeDurably: refuses, rename: refuses, setAside: refuses };
    await expect(run({ files })).resolves.toBeDefined();
    expect(lines.filter(({ level }) => level === "error")).toEqual([]);
  });
});
