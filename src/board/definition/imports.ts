/**
 * Follows the imports of a hardware definition: application → hat → chip.
 *
 * Guarantees: each file is read once; a cycle, a chain deeper than 8 and more than 32 files are refused; no file is
 * read outside the folder of shipped definitions and the folder of the given file.
 */
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { errnoOf, messageOf } from "../../base/errors.ts";
import { type BoardProblem, type DefinitionFile, type Place, parseDefinition } from "./file.ts";

/** Where definitions come from. */
export interface DefinitionSource {
  /** The folder of shipped definitions. */
  readonly folder: string;
  /** Like `readFileSync(path, "utf8")`, with its errors. */
  readonly readFile: (path: string) => string;
}

export interface LoadedFiles {
  /** Importing files before imported ones; the first is the application layer. */
  readonly files: readonly DefinitionFile[];
  readonly problems: readonly BoardProblem[];
  /** No import is missing, so a name that is undefined here is defined nowhere. */
  readonly complete: boolean;
}

const deepest = 8;
const maxFiles = 32;

/** Reads `path` and what it imports. Never throws. */
export function loadFiles(path: string, { folder, readFile }: DefinitionSource): LoadedFiles {
  const loaded = new Map<string, DefinitionFile | undefined>();
  const problems: BoardProblem[] = [];
  const first = resolve(path);
  const roots = [resolve(folder), dirname(first)];

  const load = (file: string, text: string, chain: readonly string[]) => {
    const parsed = parseDefinition(file, text);
    loaded.set(file, parsed.file);
    problems.push(...parsed.problems);
    for (const wanted of parsed.file?.imports ?? []) follow(wanted, [...chain, file]);
  };

  const follow = (wanted: Place & { readonly path: string }, chain: readonly string[]) => {
    const { path: name, ...place } = wanted;
    // Beside the importing file first, then among the shipped ones, so that a user's own file can import
    // those.
    const candidates = [resolve(dirname(place.file), name), resolve(folder, name)];
    const allowed = candidates.filter((file) => roots.some((root) => isInside(root, file)));
    if (allowed.length === 0) {
      const remedy = `move it beside ${first}, or into ${folder}`;
      problems.push({ code: "import-outside", ...place, message: `imports "${name}" from outside`, remedy });
      return;
    }
    for (const file of new Set(allowed)) {
      if (chain.includes(file)) {
        const message = `imports "${name}", which imports it in turn`;
        problems.push({ code: "import-cycle", ...place, message, remedy: "remove one of the two imports" });
        return;
      }
      if (loaded.has(file)) return;
      if (chain.length >= deepest || loaded.size >= maxFiles) {
        const message = `more than ${deepest} imports deep, or more than ${maxFiles} files`;
        problems.push({ code: "import-bound", ...place, message, remedy: "import fewer files" });
        return;
      }
      const read = readText(file, readFile);
      if (typeof read === "string") return load(file, read, chain);
      if (read.code !== "missing-file") {
        problems.push(read);
        return;
      }
    }
    const message = `imports "${name}", which does not exist (looked for ${allowed.join(" and ")})`;
    problems.push({ code: "missing-file", ...place, message, remedy: "correct the path, or add the file" });
  };

  const text = readText(first, readFile);
  if (typeof text !== "string") return { files: [], problems: [text], complete: false };
  load(first, text, []);
  const files = [...loaded.values()].filter((file) => file !== undefined);
  return {
    files,
    problems,
    complete: problems.every(({ code }) => code === "invalid" || code === "invalid-type"),
  };
}

function readText(file: string, readFile: (path: string) => string): string | BoardProblem {
  try {
    return readFile(file);
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") {
      const remedy = 'name a shipped board (see "grove-heater board"), or the path of a definition file';
      return { code: "missing-file", file, message: "there is no such file", remedy };
    }
    const message = `cannot be used: ${messageOf(error)}`;
    return { code: "unreadable-file", file, message, remedy: "make it a file that this user can read" };
  }
}

function isInside(root: string, file: string): boolean {
  const way = relative(root, file);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way);
}
