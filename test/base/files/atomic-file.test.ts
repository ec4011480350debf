/** On a real file system: what a reader finds at a file's place, whatever stood there. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  linkOver,
  makePrivateFolder,
  renameOver,
  replaceFile,
  replaceFileDurablySync,
  replaceFileSync,
  syncFolder,
  writeFresh,
} from "../../../src/base/files/atomic-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "atomic-file-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (...names: string[]): string => join(folder, ...names);
const modeOf = (path: string): number => statSync(path).mode & 0o777;

/** The descriptors of this process that lead into the folder. */
const openBelow = (): string[] =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false; // It was that of the listing.
    }
  });

describe("replacing a file", () => {
  it("puts the new text in place of the old one, for the owner's eyes alone, and leaves nothing beside it", async () => {
    writeFileSync(at("a"), "a longer text than the next one");
    await replaceFile(at("a"), "new");
    expect(readFileSync(at("a"), "utf8")).toBe("new");
    expect(modeOf(at("a"))).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  it("leaves the old file as it was for a reader who has it open", async () => {
    writeFileSync(at("a"), "old");
    const before = statSync(at("a")).ino;
    await replaceFile(at("a"), "new");
    expect(statSync(at("a")).ino).not.toBe(before);
  });

  it("keeps a folder that stands in its place, with all that is in it", async () => {
    mkdirSync(at("a"));
    writeFileSync(at("a", "precious"), "1");
    await replaceFile(at("a"), "new");
    expect(readFileSync(at("a"), "utf8")).toBe("new");
    expect(readFileSync(at("a.unreadable-1", "precious"), "utf8")).toBe("1");
  });

  it.each([
    ["a file of a write that was cut off", (path: string) => writeFileSync(path, "half of")],
    ["a FIFO", (path: string) => void spawnSync("mkfifo", [path])],
    [
      "a folder that is not empty",
      (path: string) => {
        mkdirSync(path);
        writeFileSync(join(path, "a"), "");
      },
    ],
  ])("is not held up by %s where it writes first", async (_, make) => {
    make(at("a.new"));
    // A folder with something in it is somebody's: it is kept aside.
    const kept = lstatSync(at("a.new")).isDirectory() ? ["a.new.unreadable-1"] : [];
    await replaceFile(at("a"), "new");
    expect(readFileSync(at("a"), "utf8")).toBe("new");
    expect(readdirSync(folder)).toEqual(["a", ...kept]);
  });

  it("fails with the system's code where there is no folder for it", async () => {
    await expect(replaceFile(at("none", "a"), "new")).rejects.toMatchObject({ code: "ENOENT" });
    expect(existsSync(at("none"))).toBe(false);
  });

  it.runIf(process.platform === "linux")(
    "waits for the disk: for the bytes before they get the name, and for the name before it resolves",
    async () => {
      writeFileSync(at("a"), "old");
      const handle = await open(folder);
      const prototype = Object.getPrototypeOf(handle) as FileHandle;
      await handle.close();
      const sync = prototype.sync;
      const synced: string[] = [];
      prototype.sync = async function (this: FileHandle) {
        const what = readlinkSync(`/proc/self/fd/${this.fd}`).slice(folder.length);
        synced.push(`${what || "the folder"}, with "${readFileSync(at("a"), "utf8")}" in place`);
        await sync.call(this);
      };
      try {
        await replaceFile(at("a"), "new");
      } finally {
        prototype.sync = sync;
      }
      expect(synced).toEqual(['/a.new, with "old" in place', 'the folder, with "new" in place']);
    },
  );

  it.runIf(process.platform === "linux")("leaves no descriptor open, also where it fails", async () => {
    await replaceFile(at("a"), "new");
    await writeFresh(at("b"), "new");
    await expect(syncFolder(at("a"))).rejects.toMatchObject({ code: "ENOTDIR" });
    expect(openBelow()).toEqual([]);
  });
});

describe("renaming over what is there", () => {
  it("moves nothing aside, and does not touch the target, when the file to rename is not there", async () => {
    mkdirSync(at("to"));
    await expect(renameOver(at("none"), at("to"))).rejects.toMatchObject({ code: "ENOENT" });
    expect(readdirSync(folder)).toEqual(["to"]);
  });
});

describe("a private folder", () => {
  it("is made with those above it, and nobody else looks in", async () => {
    await makePrivateFolder(at("one", "two"));
    expect([modeOf(at("one")), modeOf(at("one", "two"))]).toEqual([0o700, 0o700]);
  });

  it("that is there already keeps what is in it", async () => {
    mkdirSync(at("one"));
    writeFileSync(at("one", "a"), "1");
    await makePrivateFolder(at("one"));
    expect(readdirSync(folder)).toEqual(["one"]);
    expect(readFileSync(at("one", "a"), "utf8")).toBe("1");
  });

  it("takes the place of a file, which is kept aside", async () => {
    writeFileSync(at("one"), "a file");
    await makePrivateFolder(at("one"));
    expect(modeOf(at("one"))).toBe(0o700);
    expect(statSync(at("one")).isDirectory()).toBe(true);
    expect(readFileSync(at("one.unreadable-1"), "utf8")).toBe("a file");
  });

  it("is not made below a file: nothing of somebody else's is moved", async () => {
    writeFileSync(at("file"), "1");
    await expect(makePrivateFolder(at("file", "below"))).rejects.toMatchObject({ code: "ENOTDIR" });
    expect(readdirSync(folder)).toEqual(["file"]);
  });
});

describe("replacing a file at once", () => {
  it("takes the place of a write that was cut off, for the owner alone, with nothing left beside it", () => {
    writeFileSync(at("memory"), "old");
    writeFileSync(at("memory.new"), "cut o");
    replaceFileSync(at("memory"), "new");
    expect(readFileSync(at("memory"), "utf8")).toBe("new");
    expect(modeOf(at("memory"))).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["memory"]);
  });
});

describe("replacing a file at once, on the disk", () => {
  it("gives it the mode, whatever stood there, and leaves nothing open or beside it", () => {
    writeFileSync(at("unit"), "old");
    writeFileSync(at("unit.new"), "cut o");
    replaceFileDurablySync(at("unit"), "new", 0o666);
    expect(readFileSync(at("unit"), "utf8")).toBe("new");
    expect(modeOf(at("unit"))).toBe(0o666);
    expect(readdirSync(folder)).toEqual(["unit"]);
    if (process.platform === "linux") expect(openBelow()).toEqual([]);
  });
});

describe("one more name of a file", () => {
  it("takes the place of what it named, and leaves nothing beside the two", async () => {
    writeFileSync(at("a"), "new");
    writeFileSync(at("b"), "old");
    writeFileSync(at("b.new"), "cut o");
    // Again: the two are one file then, and rename(2) does nothing.
    for (let n = 0; n < 2; n += 1) {
      await linkOver(at("a"), at("b"));
      expect(statSync(at("b")).ino).toBe(statSync(at("a")).ino);
      expect(readdirSync(folder)).toEqual(["a", "b"]);
    }
  });

  it("leaves what it named where there is no such file", async () => {
    writeFileSync(at("b"), "old");
    await expect(linkOver(at("a"), at("b"))).rejects.toMatchObject({ code: "ENOENT" });
    expect(readFileSync(at("b"), "utf8")).toBe("old");
  });
});
