import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { rankMemory } from "../../../src/firmware/memory/rank.ts";

it("when memory runs out the kernel is told to take the updater before the hub, and the hub before the loop", () => {
  const folder = mkdtempSync(join(tmpdir(), "rank-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const rank = (process: Parameters<typeof rankMemory>[0]): number => {
    const file = join(folder, "oom_score_adj");
    rankMemory(process, file);
    return Number(readFileSync(file, "utf8"));
  };
  expect([rank("updater") > rank("hub"), rank("updater") > rank("cloud"), rank("hub") > 0]).toEqual([
    true,
    true,
    true,
  ]);
});

it("a system without ranks is left alone", () => {
  expect(() => rankMemory("hub", "/nowhere/oom_score_adj")).not.toThrow();
});
