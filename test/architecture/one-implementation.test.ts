import { describe, expect, it } from "vitest";
import { codeOf, firmware, offenders } from "./code.ts";

interface Idea {
  /** What it is, and where its one implementation is. */
  readonly idea: string;
  /** The sign of a second one. */
  readonly sign: RegExp;
  /** Where the sign may stand, each with its reason where that is not the implementation itself. */
  readonly homes: readonly string[];
  /** Lines as they stood in the sources before. */
  readonly seeds: readonly string[];
  /** Lines that look alike and are none. */
  readonly sound: readonly string[];
}

const ideas: readonly Idea[] = [
  {
    idea: "whether a value is an object: isRecord of base/json/value",
    sign: /typeof ([\w.]+) [!=]== "object" (?:&&|\|\|) \1 [!=]== null/g,
    homes: [
      "src/base/json/value.ts",
      "src/base/errors.ts",
      // Arguments of node:net, which are no JSON.
      "src/manifest/network/sockets.ts",
    ],
    seeds: [
      'if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid();',
      'const isLastGood = (value: unknown) => typeof value === "object" && value !== null;',
    ],
    sound: ['if (typeof value === "object") return;'],
  },
  {
    idea: "JSON: named once, compared, patched and read in base/json",
    sign: /(?:const|function) (?:is(?:Plain)?(?:Record|Object)|(?:deepEqual|equalJson|sameJson|merge(?:Patch|d)?|readJson|parseJson)(?= = \(|[(<]))\b|\bisDeepStrictEqual\b|JSON\.stringify\(\w+\) [!=]== JSON\.stringify\(/g,
    homes: ["src/base/json/value.ts", "src/base/json/parse.ts"],
    seeds: [
      "export const isObject = (value: unknown): value is JsonObject =>",
      "export const isRecord = (value: unknown): value is JsonRecord =>",
      "function merge(old: JsonObject, patch: JsonObject): JsonObject {",
      'import { isDeepStrictEqual } from "node:util";',
      "if (JSON.stringify(before) === JSON.stringify(view)) return;",
    ],
    sound: [
      "export const isRefused = (outcome: unknown) =>",
      "const merged = mergePatch(tags, patch);",
      "const text = JSON.stringify(value);",
    ],
  },
  {
    idea: "what is read out of an error: base/errors",
    sign: /\bErrnoException\b|\bas Error\b|instanceof Error \? \(?\w+\.(?:message|stack)|instanceof Error \? (\w+) : new Error|(?:const|function) (?:messageOf|asError|errnoOf|codeOf|reasonOf|stackOf)\b/g,
    homes: ["src/base/errors.ts"],
    seeds: [
      'if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;',
      "const cause = (error as Error).message;",
      "const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);",
      "export const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));",
    ],
    sound: ["return error instanceof LineError ? error.message : undefined;"],
  },
  {
    idea: "a message to the process that started this one: firmware/supervision/send-to-parent",
    sign: /(?<![#.\w])process\.send(?:\?\.)?\(/g,
    homes: ["src/firmware/supervision/send-to-parent.ts"],
    seeds: ["process.send?.(message, undefined, undefined, () => {});"],
    sound: ["child.send(message, () => {});"],
  },
  {
    idea: "a file that is replaced whole: base/files/atomic-file",
    sign: /import \{[^}]*\b(?:rename|renameSync|fsync|fsyncSync)\b[^}]*\} from "node:fs(?:\/promises)?"|\b\w+\.(?:data)?sync\(\)/g,
    homes: [
      "src/base/files/atomic-file.ts",
      "src/base/files/kept-aside.ts",
      // A log that is appended to, and a folder of them that is set aside.
      "src/base/files/folder-disk.ts",
      "src/azure/outbox/segments/store.ts",
    ],
    seeds: [
      'import { closeSync, renameSync } from "node:fs";',
      'import { open, rename } from "node:fs/promises";',
      "await file.sync();",
    ],
    sound: ['import { open } from "node:fs/promises";', "async rename(from: string, to: string) {"],
  },
  {
    idea: "what is kept aside: base/files/kept-aside",
    sign: /["'`}]\.unreadable/g,
    homes: [
      "src/base/files/kept-aside.ts",
      // Looks for them, for a person.
      "src/firmware/doctor/data.ts",
    ],
    seeds: ['const aside = ".unreadable";'],
    sound: ['log.error("state-unreadable");'],
  },
  {
    idea: "one under way, the newest waits: base/latest-wins",
    sign: /#(?:onItsWay|underWay|busy|pumping|sending|saving|writing)(?: = false|: (?:boolean|Promise<void> \| undefined|Promise<void> = ))/g,
    homes: [
      // Writes all that waits, in order and in batches: nothing is superseded.
      "src/azure/outbox/buffer.ts",
    ],
    seeds: [
      "  #onItsWay = false;",
      "  #writing: Promise<void> | undefined;",
      "  #writing: Promise<void> = Promise.resolve();",
    ],
    sound: ["  readonly #writing = new Map<string, Writing>();"],
  },
  {
    idea: "pauses that grow: base/backoff",
    sign: /Math\.min\([^;\n]*(?:\* 2\b|\*\* )/g,
    homes: ["src/base/backoff.ts"],
    seeds: [
      "this.#pause = millis(Math.min(maxPause, this.#pause * 2));",
      "const ceiling = Math.min(cap, floor * 1.25 * 2 ** Math.min(20, failures));",
    ],
    sound: ["const band = Math.min(most, (demand * length) / 2);"],
  },
  {
    idea: "how often something may happen: base/rate-limit",
    sign: /\.filter\(\(?(\w+)\)? => \w+ - \1 < |#?\b(?:windowStart|tokens \+ )\b|\btokens \+/g,
    homes: [
      "src/base/rate-limit.ts",
      // SR-07 counts differences in the state of the pure core; it holds nothing back.
      "src/control/safety/relay-line.ts",
    ],
    seeds: [
      "this.#failures = this.#failures.filter((atMs) => nowMs - atMs < 60_000);",
      "const tokens = Math.min(faultBurst, before.tokens + earned);",
      "if (now - entry.windowStart >= repeatEvery) {",
    ],
    sound: ["return all.filter((each) => each.value < most);"],
  },
];

/** Not the page's scripts for a browser's own things, nor what runs before anything is built. */
const files = firmware.filter((file) => !file.startsWith("src/bootstrap/"));

describe.each(ideas)("one idea, one implementation: $idea", ({ sign, homes, seeds, sound }) => {
  it("stands nowhere else", () => {
    expect(offenders(files, sign).filter((found) => !homes.includes(found.split(": ")[0] ?? ""))).toEqual([]);
  });

  it("stands where it may, or the exception is left over", () => {
    const stands = new Set(offenders(homes, sign).map((found) => found.split(": ")[0]));
    expect([...stands].toSorted()).toEqual(homes.toSorted());
  });

  it.each(seeds)("would be found again in: %s", (seed) => {
    expect([...codeOf(seed).matchAll(sign)]).not.toEqual([]);
  });

  it.each(sound)("is not seen in: %s", (line) => {
    expect([...codeOf(line).matchAll(sign)]).toEqual([]);
  });
});
