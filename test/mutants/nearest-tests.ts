/** The test files that lead to a source file: they are likely to notice a slip in it, so they run first. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

const imports = /(?:from|import)\s*\(?\s*"(\.[^"]+)"/g;

/** They import much, and try much of it for long. */
const longSuites = /\/test\/(?:disk\/|flips\/|fuzz\/|soak\/|firmware\/faults\/visibility)/;

/**
 * Those that import it themselves or by way of what tests share, the one that has its name, and those of the folder
 * that mirrors its own, or the one above where that has none. Where none imports it, those of the files that do as well.
 * @param file relative to the tree, as the answer is
 * @returns groups, each to be run when the one before noticed nothing: those that import the file, those of its
 *   surroundings, and those that may need the built program
 */
export function nearestTests(tree: string, file: string): string[][] {
  const all = testsAround(tree, file);
  const built = all.filter((test) => looksAtDist(tree, test));
  const others = all.filter((test) => !built.includes(test));
  const source = join(tree, file);
  const direct = others.filter((test) => isOwn(join(tree, test), source, tree));
  const around = others.filter((test) => !direct.includes(test));
  return [direct, around, built].filter((group) => group.length > 0);
}

function testsAround(tree: string, file: string): string[] {
  const tests = filesBelow(tree, "test").filter(
    (name) => /(?<!\.slow)\.test\.ts$/.test(name) && !longSuites.test(name),
  );
  const sources = filesBelow(tree, "src").map((name) => ({ name, imports: importsOf(name) }));
  const seen = new Set<string>();
  const found = new Set<string>();
  let ring = [join(tree, file)];
  while (ring.length > 0) {
    for (const source of ring) seen.add(source);
    const folders = new Set(ring.map((source) => folderOfTests(source, tree, tests)));
    const own = tests.filter((test) => ring.some((source) => isOwn(test, source, tree)));
    const near = tests.filter((test) => folders.has(dirname(test)));
    for (const test of [...own, ...near]) found.add(relative(tree, test));
    if (own.length > 0) break;
    const { length } = ring;
    ring = sources
      .filter((source) => !seen.has(source.name) && source.imports.some((path) => ring.includes(path)))
      .map(({ name }) => name);
    // What nearly everything imports is near to nothing.
    if (ring.length > 20 * length) break;
  }
  return [...found];
}

const mirrorOf = (source: string, tree: string): string =>
  dirname(source).replace(join(tree, "src"), join(tree, "test"));

/** Whether it has the name of the source, or imports it. */
const isOwn = (test: string, source: string, tree: string): boolean =>
  test === join(mirrorOf(source, tree), `${basename(source, ".ts")}.test.ts`) ||
  leadsTo(test, source, join(tree, "test"));

/** The folder of tests that mirrors the source's, or the one above where that has none. */
function folderOfTests(source: string, tree: string, tests: readonly string[]): string | undefined {
  const mirror = mirrorOf(source, tree);
  // Not a whole part of the program, such as test/commands/: that would be most of its tests.
  const levels = [mirror, dirname(mirror)].filter((folder) => relative(tree, folder).split("/").length > 2);
  return levels.find((level) => tests.some((name) => dirname(name) === level));
}

const leadsTo = (test: string, source: string, tests: string): boolean =>
  withHelpers(test, tests).some((file) => importsOf(file).includes(source));

/** A test file with all that it imports from where tests are. */
function withHelpers(file: string, tests: string, seen = new Set<string>()): readonly string[] {
  seen.add(file);
  for (const path of importsOf(file)) {
    if (path.startsWith(`${tests}/`) && !seen.has(path)) withHelpers(path, tests, seen);
  }
  return [...seen];
}

/**
 * Whether a test may run the built program; it takes seconds to build.
 * @param test a file; of a folder it is not known
 */
export function looksAtDist(tree: string, test: string): boolean {
  if (!test.endsWith(".test.ts")) return true;
  const files = withHelpers(join(tree, test), join(tree, "test"));
  return files.some((file) => /\bdist\b|\bpackageRoot\b|\bmain\.js\b/.test(textOf(file)));
}

const filesBelow = (tree: string, folder: string): string[] =>
  readdirSync(join(tree, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(tree, folder, name));

/** By file: a mutant changes no import. */
const knownImports = new Map<string, readonly string[]>();

function importsOf(file: string): readonly string[] {
  const known = knownImports.get(file);
  if (known !== undefined) return known;
  const found = [...textOf(file).matchAll(imports)].map(([, path = ""]) => join(dirname(file), path));
  knownImports.set(file, found);
  return found;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // A text that looks like an import, in a test of imports.
    return "";
  }
}
