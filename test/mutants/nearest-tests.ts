/** The test files that import a source file: they are likely to notice a slip in it, so they run first. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const imports = /(?:from|import)\s*\(?\s*"(\.[^"]+)"/g;

/** @param file relative to the tree, as the answer is */
export function nearestTests(tree: string, file: string): string[] {
  const source = join(tree, file);
  return readdirSync(join(tree, "test"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && !name.endsWith(".slow.test.ts"))
    .map((name) => join(tree, "test", name))
    .filter((test) =>
      [...readFileSync(test, "utf8").matchAll(imports)].some(
        ([, path = ""]) => join(dirname(test), path) === source,
      ),
    )
    .map((test) => relative(tree, test));
}
