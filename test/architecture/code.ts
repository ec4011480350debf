/** The firmware's sources as text, for rules that a pattern can tell. */
import { readFileSync } from "node:fs";
import { root, sourceFiles } from "./cruise.ts";

export const read = (file: string) => readFileSync(`${root}${file}`, "utf8");
export const firmware = sourceFiles(root, "src");

/** Code without comments, strings kept: enough to find a call by its name. */
export const codeOf = (text: string) =>
  text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");

/** What `pattern` finds in the code of `files`, as "file: match". */
export function offenders(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    [...codeOf(read(file)).matchAll(pattern)].map(([found]) => `${file}: ${found}`),
  );
}
