/** On a real file system: what is in the place of a stored file, and what stays of it. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { asideName } from "../../../src/base/files/kept-aside.ts";
import { durableSystemFiles } from "../../../src/firmware/storage/durable-files.ts";
import { gatedFiles } from "../../../src/firmware/storage/gated-files.ts";
import { StateStore } from "../../../src/firmware/storage/state-store.ts";
import { parseManifest } from "../../../src/manifest/manifest.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grove-heater-test-"));
  file = join(folder, "state.json");
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const huge = (path: string, bytes: number): void => {
  writeFileSync(path, "rubbish");
  truncateSync(path, bytes);
};

const fifo = (path: string): void => void execFileSync("mkfifo", [path]);

const manifestOf = (sizeKb: number) =>
  parseManifest(
    JSON.stringify({
      SchemaVersion: 1,
      Name: "test",
      ComponentId: "52835aa3-8307-4e84-a159-63497f35b43c",
      EntryPoint: "dist/main.js",
      CmdArgs: ["run"],
      Capabilities: { MutableStorage: { SizeKB: sizeKb } },
    }),
    () => undefined,
  );

const storeOf = (files = durableSystemFiles) => new StateStore(file, files, new VirtualClock());

describe("what is kept aside of the state file", () => {
  it("is bounded at a start too, even if older firmware left it, and never by way of a link", async () => {
    const precious = join(folder, "precious");
    huge(precious, 1 << 20);
    symlinkSync(precious, asideName(file, 9));
    symlinkSync(precious, asideName(file, 1));
    for (const label of [2, 8]) huge(asideName(file, label), 30 << 20);
    await storeOf().load();
    expect(readdirSync(folder).toSorted()).toEqual([
      "precious",
      "state.json.unreadable-8",
      "state.json.unreadable-9",
    ]);
    expect(statSync(precious).size).toBe(1 << 20);
    expect(statSync(asideName(file, 8)).size).toBe(64 * 1024);
  });
});

describe("SR-11: the state file", () => {
  it("of 30 MB is not read, is kept aside in part, and does not use up the storage grant", async () => {
    huge(file, 30 << 20);
    const store = storeOf(gatedFiles(durableSystemFiles, folder, manifestOf(256)));
    const loaded = await store.load();
    expect(loaded).toMatchObject({ kind: "unreadable", reason: expect.stringContaining("31457280 bytes") });
    store.offer({ target: 20 });
    await store.flush();
    expect(store.failure).toBeUndefined();
    expect(await storeOf().load()).toEqual({ kind: "found", document: { target: 20 } });
  });

  it.each([
    ["a FIFO", fifo],
    ["a folder", (path: string) => mkdirSync(path)],
    [
      "a folder with something in it",
      (path: string) => {
        mkdirSync(path);
        writeFileSync(join(path, "a"), "");
      },
    ],
    ["a link to a device", (path: string) => symlinkSync("/dev/zero", path)],
    ["a file that answers EIO", (path: string) => symlinkSync("/proc/self/mem", path)],
  ])("%s in its place is put aside, and the next write works", async (_, make) => {
    make(file);
    const store = storeOf();
    expect((await store.load()).kind).toBe("unreadable");
    store.offer({ target: 20 });
    await store.flush();
    expect(store.failure).toBeUndefined();
    expect(await storeOf().load()).toEqual({ kind: "found", document: { target: 20 } });
  });

  it.each([
    ["a FIFO", fifo],
    ["a folder", (path: string) => mkdirSync(path)],
  ])("%s in the place of the file that is written first gives way", async (_, make) => {
    make(`${file}.new`);
    make(`${file}.previous`);
    const store = storeOf();
    for (const target of [20, 21]) {
      store.offer({ target });
      await store.flush();
    }
    expect(store.failure).toBeUndefined();
    expect(await storeOf().load()).toEqual({ kind: "found", document: { target: 21 } });
    expect(existsSync(`${file}.new`)).toBe(false);
  });

  it.each([
    ["EIO", "/proc/self/mem"],
    ["ENOSPC", "/dev/full"],
  ])("reports %s that a write answers, and keeps what there is", async (code, device) => {
    const store = storeOf();
    store.offer({ target: 20 });
    await store.flush();
    const fails: typeof durableSystemFiles = {
      ...durableSystemFiles,
      async writeDurably(_path, text) {
        const { open } = await import("node:fs/promises");
        const disk = await open(device, "r+");
        await disk.writeFile(text).finally(() => disk.close());
      },
    };
    const sick = storeOf(fails);
    expect((await sick.load()).kind).toBe("found");
    sick.offer({ target: 21 });
    await sick.flush();
    expect(sick.failure).toBe(code);
    expect(await storeOf().load()).toEqual({ kind: "found", document: { target: 20 } });
  });
});
