/** `page show | password`: what they print, and what is stored. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runVerb } from "../../src/commands/line/run-verb.ts";
import { verb } from "../../src/commands/unit/page.ts";
import { writePageNote } from "../../src/firmware/page-process/page-note.ts";
import { PasswordFile, storePassword } from "../../src/firmware/page-process/password-file.ts";
import { exitCodes } from "../../src/firmware/process/exit-codes.ts";
import { VirtualClock } from "../../src/simulation/time/virtual-clock.ts";

let folder: string;
let printed: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grove-heater-page-"));
  printed = "";
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, "write").mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const page = (...words: string[]): Promise<number> => runVerb(verb, [...words, "--data", folder]);

describe("page password", () => {
  /** A keyboard, or what a pipe holds. */
  const input = (text: string, { isTTY = false } = {}): void => {
    const stream = Object.assign(new PassThrough(), { isTTY, setRawMode: () => undefined });
    stream.write(text);
    vi.spyOn(process, "stdin", "get").mockReturnValue(stream as never);
  };
  const isSet = (password: string): Promise<boolean> =>
    new PasswordFile(folder, new VirtualClock()).isRight(password);

  it("takes what is typed twice alike, blanks included, and shows none of it", async () => {
    input("warm house \rwarm house \r", { isTTY: true });
    expect(await page("password")).toBe(exitCodes.ok);
    expect(printed).toContain("New password for the page: \nOnce more: \nThe password is set.");
    expect(printed).not.toContain("warm house");
    expect(await isSet("warm house ")).toBe(true);
    expect(await isSet("warm house")).toBe(false);
  });

  it.each([
    ["two that differ", "warm house\rwarn house\r", "the two are different"],
    ["Ctrl-C", "warm hou\u0003", "none was given"],
    ["one that is too short", "warm\rwarm\r", "characters or more"],
  ])("refuses %s, and the one that was set stays", async (_what, keys, says) => {
    await storePassword(folder, "the old password");
    input(keys, { isTTY: true });
    expect(await page("password")).toBe(exitCodes.usage);
    expect(printed).toContain(says);
    expect(await isSet("the old password")).toBe(true);
  });

  it("takes the first line of a pipe, without asking", async () => {
    input("warm house\nand more\n");
    expect(await page("password")).toBe(exitCodes.ok);
    expect(printed).toMatch(/^The password is set/);
    expect(await isSet("warm house")).toBe(true);
  });
});

describe("page show", () => {
  const served = (urls: readonly string[], processId = process.pid): Promise<void> =>
    writePageNote(folder, { process: processId, port: 8780, urls });
  const house = ["http://heater.local:8780/", "http://192.168.1.7:8780/"];

  it("is refused where no page was served, or by a process that has ended", async () => {
    expect(await page()).toBe(exitCodes.unavailable);
    await served(house, 2 ** 22 + 1);
    expect(await page("show")).toBe(exitCodes.unavailable);
    expect(printed).toContain("grove-heater run");
  });

  it("says how to open a page to the house that only this machine reaches", async () => {
    await served(["http://localhost:8780/"]);
    expect(await page()).toBe(exitCodes.ok);
    expect(printed).toBe(
      "http://localhost:8780/\n\nOnly this machine can reach it. To open it to the local network: grove-heater run --page lan\n",
    );
  });

  it("says of a page that is open to the house that a password is missing, and only while it is", async () => {
    await served(house);
    expect(await page()).toBe(exitCodes.ok);
    expect(printed).toContain("heater.local");
    expect(printed).toContain("until a password is set");
    expect(printed).not.toContain("Only this machine");
    printed = "";
    await storePassword(folder, "warm house");
    expect(await page()).toBe(exitCodes.ok);
    expect(printed).toContain("192.168.1.7");
    expect(printed).not.toContain("password");
  });
});
