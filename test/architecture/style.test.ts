import { basename, dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { codeOf, firmware, offenders, read } from "./code.ts";
import { root, sourceFiles } from "./cruise.ts";

const tests = sourceFiles(root, "test");

/** Asking for the time or for a timer; `new Date(given)` only converts. */
const wallClocks = /\bDate\.now\b|\bDate\(\s*\)|\bset(?:Timeout|Interval)\(|\bnode:timers\b/g;
/** The firmware's, and the page's, which runs in a browser. */
const systemClocks = ["src/firmware/process/system-clock.ts", "src/hub/page/browser-clock.ts"];
const platform =
  /\bprocess\.|\bBuffer\.|\bconsole\.|\bglobalThis\b|\brequire\(|\bperformance\.now\b|\bMath\.random\b/g;

describe("the style of the sources", () => {
  it("keeps every file within 400 lines", () => {
    const long = [...firmware, ...tests].filter((file) => read(file).split("\n").length - 1 > 400);
    expect(long).toEqual([]);
  });

  it("asks the time of the system clock alone, and of nothing else", () => {
    const files = firmware.filter(
      (file) => !systemClocks.includes(file) && !file.startsWith("src/bootstrap/"),
    );
    expect(offenders(files, wallClocks)).toEqual([]);
    // Else the check would be looking for the wrong words.
    for (const clock of systemClocks) expect(offenders([clock], wallClocks).length).toBeGreaterThan(1);
  });

  it("uses nothing of the platform in the pure parts, by no global either", () => {
    const pure = firmware.filter((file) => /^src\/(base\/(?!files\/)|model|control|chips)\b/.test(file));
    expect(offenders(pure, platform)).toEqual([]);
  });

  it("keeps every folder within 14 files", () => {
    const files = new Map<string, number>();
    for (const file of firmware) files.set(dirname(file), (files.get(dirname(file)) ?? 0) + 1);
    expect([...files].filter(([, count]) => count > 14)).toEqual([]);
  });

  it("has one verb in each file of the command line, and nothing else beside them", () => {
    const files = firmware.filter((file) =>
      /^src\/commands\/((processes|running-device|unit|owner)\/)?[^/]+$/.test(file),
    );
    const named = (file: string) => `  name: "${basename(file, ".ts")}",`;
    expect(files.filter((file) => !read(file).includes(named(file)))).toEqual([]);
    expect(files.length).toBeGreaterThan(30);
  });

  it("begins every source file with what it is for", () => {
    const bare = firmware.filter((file) => !/^(#!.*\n)?(\/\*\*|\/\/ )/.test(read(file)));
    expect(bare).toEqual([]);
  });

  it("says once in each folder, in the head of its main file, what the folder is", () => {
    const silent = [...new Set(firmware.map((file) => dirname(file)))].filter((folder) => {
      const inside = firmware.filter((file) => dirname(file) === folder);
      const head = ` * Folder ${folder.split("/").at(-1)}/: `;
      return (
        inside.filter((file) =>
          read(file)
            .split("\n", 3)
            .some((line) => line.startsWith(head)),
        ).length !== 1
      );
    });
    expect(silent).toEqual([]);
  });

  it("names files in kebab-case", () => {
    const odd = firmware.filter((file) => !/^src(\/[a-z0-9]+(-[a-z0-9]+)*)+(\.d)?\.(ts|mjs)$/.test(file));
    expect(odd).toEqual([]);
  });

  it.each([
    ["const now = Date.now();", 1],
    ["setTimeout(f, 1); // setTimeout", 1],
    ["/* new Date() */ const url = 'http://a/b';", 0],
    ["new Date()", 1],
    ["new Date(clock.wallNow())", 0],
    ['import { setTimeout as sleep } from "node:timers/promises";', 1],
    ["clock.setTimer(delay, f);", 0],
  ])("finds in %j what it should", (code, count) => {
    expect([...codeOf(code).matchAll(wallClocks)]).toHaveLength(count);
  });
});
