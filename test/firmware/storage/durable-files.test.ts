import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  type DurableFiles,
  durableSystemFiles,
  memoryFiles,
} from "../../../src/firmware/storage/durable-files.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-files-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each<[string, DurableFiles]>([
  ["the disk", durableSystemFiles],
  ["memory, in tests", memoryFiles()],
])("files on %s are written, moved, given a second name and set aside alike", async (_name, files) => {
  const at = (name: string): string => join(folder, name);
  const texts = () => Promise.all(["a", "b", "c"].map((name) => files.read(at(name))));
  await files.writeDurably(at("a"), "1");
  await files.rename(at("a"), at("b"));
  expect(await texts()).toEqual([undefined, "1", undefined]);
  await files.link(at("b"), at("a"));
  expect(await texts()).toEqual(["1", "1", undefined]);
  await files.writeDurably(at("a"), "2");
  expect(await texts()).toEqual(["2", "1", undefined]);
  await files.setAside(at("b"), at("c"));
  expect(await texts()).toEqual(["2", undefined, "1"]);
  for (const act of ["rename", "link", "setAside"] as const)
    await expect(files[act](at("none"), at("c"))).rejects.toMatchObject({ code: "ENOENT" });
  expect(await texts()).toEqual(["2", undefined, "1"]);
});

it("a file is read as it is, and none as undefined", async () => {
  const path = join(folder, "state.json");
  expect(await durableSystemFiles.read(path)).toBeUndefined();
  writeFileSync(path, "wärme".repeat(50_000));
  expect(await durableSystemFiles.read(path)).toBe("wärme".repeat(50_000));
});

it.runIf(process.platform === "linux")("no file stays open, whether it was read or refused", async () => {
  const open = (): number => readdirSync("/proc/self/fd").length;
  const path = join(folder, "state.json");
  writeFileSync(path, "{}");
  const before = open();
  for (let n = 0; n < 20; n += 1) await durableSystemFiles.read(path);
  truncateSync(path, 1024 ** 2 + 1);
  for (let n = 0; n < 20; n += 1) await expect(durableSystemFiles.read(path)).rejects.toThrow("the limit is");
  // The runner may open some of its own meanwhile.
  expect(open() - before).toBeLessThan(10);
});
