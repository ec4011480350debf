/** Runs dependency-cruiser with the project's rules over a src folder, the real one or a copy. */
import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import extractDepcruiseOptions from "dependency-cruiser/config-utl/extract-depcruise-options";

export const root = new URL("../..", import.meta.url).pathname;

export interface Verdict {
  /** Modules of src/ that the cruise saw. */
  readonly modules: readonly string[];
  readonly violations: readonly { readonly rule: string; readonly from: string; readonly to: string }[];
  readonly rules: readonly string[];
}

/** @param base folder that has src/, node_modules/ and package.json */
export async function judge(base: string): Promise<Verdict> {
  const options = await extractDepcruiseOptions(join(root, ".config/dependency-cruiser.cjs"));
  const { output } = await cruise(["src"], { ...options, baseDir: base, validate: true });
  const { modules, summary } = output as ICruiseResult;
  return {
    modules: modules.map(({ source }) => source).filter((source) => source.startsWith("src/")),
    violations: summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
    rules: (options.ruleSet?.forbidden ?? []).map(({ name }) => name ?? "unnamed"),
  };
}

/** Every source file under `folder`, as paths from `base` with slashes. */
export function sourceFiles(base: string, folder: string, ending = /\.(ts|mjs|cjs|js)$/): string[] {
  return readdirSync(join(base, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => relative(base, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}
