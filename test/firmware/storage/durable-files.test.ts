import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { durableSystemFiles } from "../../../src/firmware/storage/durable-files.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-files-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

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
