/** On a real file system: what is moved out of the way, and what stays of it. */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { asideName, boundKeptAside, keepAside, setAside } from "../../../src/base/files/kept-aside.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kept-aside-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (...names: string[]): string => join(folder, ...names);
const names = (): string[] => readdirSync(folder).toSorted();
const limit = 64 * 1024;

/** So that the next change has a later time, whatever the file system's clock. */
const later = async (): Promise<void> => {
  const path = at("clock");
  writeFileSync(path, "");
  const before = statSync(path).ctimeMs;
  while (statSync(path).ctimeMs === before) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    writeFileSync(path, "x");
  }
  rmSync(path);
};

describe("what cannot be used", () => {
  it("is moved out of the way, whole, and the answer says where it is", async () => {
    writeFileSync(at("a"), "x".repeat(limit));
    expect(await keepAside(at("a"))).toBe(at("a.unreadable-1"));
    expect(names()).toEqual(["a.unreadable-1"]);
    expect(statSync(at("a.unreadable-1")).size).toBe(limit);
  });

  it("keeps no more than its first 64 KiB", async () => {
    writeFileSync(at("a"), "beginning");
    truncateSync(at("a"), 30 << 20);
    await keepAside(at("a"));
    expect(statSync(at("a.unreadable-1")).size).toBe(limit);
    expect(readFileSync(at("a.unreadable-1"), "utf8").startsWith("beginning")).toBe(true);
  });

  it("is moved to the next number each time, and a folder with something in it stays for good", async () => {
    const put = async (): Promise<string | undefined> => {
      mkdirSync(at("a"));
      writeFileSync(at("a", "b"), "1");
      return keepAside(at("a"));
    };
    const kept = [await put(), await put(), await put(), await put()];
    expect(kept).toEqual([1, 2, 3, 4].map((number) => at(`a.unreadable-${number}`)));
    expect(names()).toEqual([1, 2, 3, 4].map((number) => `a.unreadable-${number}`));
    expect(readFileSync(at("a.unreadable-1", "b"), "utf8")).toBe("1");
  });

  it("that is not there is nowhere", async () => {
    expect(await keepAside(at("a"))).toBeUndefined();
    expect(names()).toEqual([]);
  });

  it("pushes out the oldest of more than eight, by when they were moved; folders and other files stay", async () => {
    mkdirSync(at("folder.unreadable"));
    writeFileSync(at("other"), "");
    // The names' order is the reverse of the time's.
    const made = Array.from({ length: 8 }, (_, index) => `old-${8 - index}.unreadable`);
    for (const name of made) {
      writeFileSync(at(name), "");
      await later();
    }
    writeFileSync(at("a"), "");
    await keepAside(at("a"));
    expect(names()).toEqual([...made.slice(1), "a.unreadable-1", "folder.unreadable", "other"].toSorted());
  });

  it("loses nothing that is within eight", async () => {
    for (let index = 1; index <= 7; index += 1) writeFileSync(at(`old-${index}.unreadable`), "");
    writeFileSync(at("a"), "");
    await keepAside(at("a"));
    expect(names()).toHaveLength(8);
  });

  it("is a link itself, if it is one that leads nowhere", async () => {
    symlinkSync(at("nowhere"), at("a"));
    expect(await keepAside(at("a"))).toBe(at("a.unreadable-1"));
    expect(lstatSync(at("a.unreadable-1")).isSymbolicLink()).toBe(true);
  });
});

describe("what is kept aside of one file", () => {
  const file = (): string => at("state.json");
  const asideOf = (label: number): string => asideName(file(), label);
  const huge = (path: string, bytes: number): void => {
    writeFileSync(path, "rubbish");
    truncateSync(path, bytes);
  };

  it("is at most two files of a kind, the newest, each cut to 64 KiB", async () => {
    for (const label of [3, 20, 100]) huge(asideOf(label), 1 << 20);
    writeFileSync(at("other.json.unreadable-1"), "");
    huge(file(), 30 << 20);
    await setAside(file(), asideOf(7));
    expect(names()).toEqual([
      "other.json.unreadable-1",
      "state.json.unreadable-100",
      "state.json.unreadable-7",
    ]);
    expect(statSync(asideOf(7)).size).toBe(limit);
    expect(statSync(asideOf(100)).size).toBe(limit);
    expect(readFileSync(asideOf(7), "utf8").startsWith("rubbish")).toBe(true);
  });

  it("is never a folder's content: a folder is moved, and stays when it is not empty", async () => {
    for (const label of [1, 2]) mkdirSync(asideOf(label));
    writeFileSync(at("state.json.unreadable-2", "a"), "");
    for (const label of [3, 4]) mkdirSync(asideOf(label));
    await boundKeptAside(file());
    expect(names()).toEqual([2, 3, 4].map((label) => `state.json.unreadable-${label}`));
  });
});
