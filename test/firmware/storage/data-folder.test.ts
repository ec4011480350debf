import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  dataFolderPath,
  describeDataFolder,
  makeFolder,
  openDataFolder,
} from "../../../src/firmware/storage/data-folder.ts";
import { durableSystemFiles } from "../../../src/firmware/storage/durable-files.ts";
import { gatedFiles } from "../../../src/firmware/storage/gated-files.ts";
import type { Manifest } from "../../../src/manifest/manifest.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grove-heater-test-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("the data folder", () => {
  it("is the one named, else the service's, else the XDG state folder, else the user's", () => {
    const env = { STATE_DIRECTORY: "/var/lib/a:/var/lib/b", XDG_STATE_HOME: "/xdg" };
    expect(dataFolderPath("x", env)).toBe(resolve("x"));
    expect(dataFolderPath(undefined, env)).toBe("/var/lib/a");
    expect(dataFolderPath(undefined, { XDG_STATE_HOME: "/xdg" })).toBe("/xdg/grove-heater");
    const own = join(homedir(), ".local", "state", "grove-heater");
    // A relative path there has to be ignored (XDG Base Directory, basics).
    expect(dataFolderPath(undefined, { XDG_STATE_HOME: "xdg" })).toBe(own);
    expect(dataFolderPath(undefined, {})).toBe(own);
  });

  it("is made with all above it, for its owner alone, and is opened again as it is", () => {
    const path = join(folder, "a", "b");
    expect(openDataFolder(path)).toEqual(describeDataFolder(path));
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(openDataFolder(path).stateFile).toBe(join(path, "state.json"));
    expect(() => makeFolder(path)).not.toThrow();
  });

  it("that is a file, or cannot be made, ends with 74 and the next step", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const failure = { exitCode: 74, remedy: expect.stringContaining("--data FOLDER") };
    expect(() => openDataFolder(file)).toThrow(expect.objectContaining(failure));
    expect(() => openDataFolder("/proc/none")).toThrow(expect.objectContaining(failure));
  });
});

describe("the storage grant", () => {
  it("is kept to the byte, counting what is there, and what is refused is not written", async () => {
    const manifest = { storageKb: 1 } as unknown as Manifest;
    const files = gatedFiles(durableSystemFiles, folder, manifest);
    writeFileSync(join(folder, "there"), Buffer.alloc(1000));
    await files.writeDurably(join(folder, "a"), "x".repeat(24));
    await expect(files.writeDurably(join(folder, "b"), "x")).rejects.toMatchObject({ code: "EPERM" });
    expect(existsSync(join(folder, "b"))).toBe(false);
  });
});
