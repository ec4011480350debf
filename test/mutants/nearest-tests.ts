/** The test files that lead to a source file: they are likely to notice a slip in it, so they run first. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

const imports = /(?:from|import)\s*\(?\s*"(\.[^"]+)"/g;

/**
 * Those that import it themselves or by way of what tests share, the one that has its name, and those of the folder
 * that mirrors its own, or the one above where that has none.
 * @param file relative to the tree, as the answer is
 */
export function nearestTests(tree: string, file: string): string[] {
  const source = join(tree, file);
  const mirror = join(tree, dirname(file).replace(/^src/, "test"));
  const namesake = join(mirror, `${basename(file, ".ts")}.test.ts`);
  const all = readdirSync(join(tree, "test"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && !name.endsWith(".slow.test.ts"))
    .map((name) => join(tree, "test", name));
  // Not a whole part of the program, such as test/commands/: that would be most of its tests.
  const levels = [mirror, dirname(mirror)].filter((folder) => relative(tree, folder).split("/").length > 2);
  const folder = levels.find((level) => all.some((test) => dirname(test) === level));
  return all
    .filter(
      (test) => test === namesake || dirname(test) === folder || leadsTo(test, source, join(tree, "test")),
    )
    .map((test) => relative(tree, test));
}

/** @param tests only what lies there is followed */
function leadsTo(file: string, source: string, tests: string, seen = new Set<string>()): boolean {
  seen.add(file);
  return importsOf(file).some(
    (path) =>
      path === source ||
      (path.startsWith(`${tests}/`) && !seen.has(path) && leadsTo(path, source, tests, seen)),
  );
}

function importsOf(file: string): string[] {
  try {
    return [...readFileSync(file, "utf8").matchAll(imports)].map(([, path = ""]) =>
      join(dirname(file), path),
    );
  } catch {
    // A text that looks like an import, in a test of imports.
    return [];
  }
}
