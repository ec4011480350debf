/** The test files that lead to a source file: they are likely to notice a slip in it, so they run first. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

const imports = /(?:from|import)\s*\(?\s*"(\.[^"]+)"/g;

/**
 * Those that import it themselves or by way of what tests share, the one that has its name, and those of the folder
 * that mirrors its own, or the one above where that has none. Where there is none at all, those of the files that
 * import it.
 * @param file relative to the tree, as the answer is
 */
export function nearestTests(tree: string, file: string): string[] {
  const tests = filesBelow(tree, "test").filter((name) => /(?<!\.slow)\.test\.ts$/.test(name));
  const sources = filesBelow(tree, "src").map((name) => ({ name, imports: importsOf(name) }));
  const seen = new Set<string>();
  let ring = [join(tree, file)];
  while (ring.length > 0) {
    for (const source of ring) seen.add(source);
    const found = tests.filter((test) => ring.some((source) => isNear(test, source, tree, tests)));
    if (found.length > 0) return found.map((test) => relative(tree, test));
    const { length } = ring;
    ring = sources
      .filter((source) => !seen.has(source.name) && source.imports.some((path) => ring.includes(path)))
      .map(({ name }) => name);
    // What nearly everything imports is near to nothing.
    if (ring.length > 20 * length) return [];
  }
  return [];
}

function isNear(test: string, source: string, tree: string, tests: readonly string[]): boolean {
  const mirror = dirname(source).replace(join(tree, "src"), join(tree, "test"));
  // Not a whole part of the program, such as test/commands/: that would be most of its tests.
  const levels = [mirror, dirname(mirror)].filter((folder) => relative(tree, folder).split("/").length > 2);
  const folder = levels.find((level) => tests.some((name) => dirname(name) === level));
  return (
    test === join(mirror, `${basename(source, ".ts")}.test.ts`) ||
    dirname(test) === folder ||
    leadsTo(test, source, join(tree, "test"))
  );
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

const filesBelow = (tree: string, folder: string): string[] =>
  readdirSync(join(tree, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(tree, folder, name));

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
