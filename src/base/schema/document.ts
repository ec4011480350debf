/**
 * Validates hand-written JSON against a schema, with the line of every problem.
 *
 * Guarantees: never throws; a position is that of the invalid value, or of the object with a missing member.
 */
import {
  type JsonNode,
  type JsonResult,
  parseJson,
  plainValue,
  positionAt,
  type TextPosition,
} from "../json/parse.ts";
import { check, type Path, type Problem, problemText, type Schema } from "./schema.ts";

export interface LocatedProblem extends TextPosition {
  readonly message: string;
  readonly path: Path;
  readonly unknownKey?: string;
}

/** A parsed text, to validate as a whole or in parts. */
export class JsonDocument {
  readonly #text: string;
  readonly #root: JsonNode;
  /** Of the parts checked so far. */
  readonly #problems: Problem[] = [];

  private constructor(text: string, root: JsonNode) {
    this.#text = text;
    this.#root = root;
  }

  static parse(text: string): JsonDocument | Extract<JsonResult, { ok: false }> {
    const parsed = parseJson(text);
    return parsed.ok ? new JsonDocument(text, parsed.root) : parsed;
  }

  get value(): unknown {
    return plainValue(this.#root);
  }

  /** Validates the part at `path`. @returns `undefined` when it is invalid */
  read<T>(schema: Schema<T>, ...path: Path): T | undefined {
    const node = nodeAt(this.#root, path);
    if (node === undefined) return schema.absent?.();
    const checked = check(schema, plainValue(node));
    if (checked.ok) return checked.value;
    for (const problem of checked.problems) this.note({ ...problem, path: [...path, ...problem.path] });
    return undefined;
  }

  /** The valid items of a list or members of an object; the others are ignored without a problem. */
  validParts<T>(schema: Schema<T>, ...path: Path): { readonly value: T; readonly path: Path }[] {
    const node = nodeAt(this.#root, path);
    const keys =
      node?.type === "array" ? node.items.keys() : node?.type === "object" ? node.members.keys() : [];
    return [...keys].flatMap((key) => {
      const part = nodeAt(this.#root, [...path, key]);
      const checked = part && check(schema, plainValue(part));
      return checked?.ok ? [{ value: checked.value, path: [...path, key] }] : [];
    });
  }

  note(problem: Problem): void {
    this.#problems.push(problem);
  }

  placeOf(path: Path): TextPosition {
    return positionAt(this.#text, this.#offsetOf(path));
  }

  /** In the order of the text. @param whole the name of the document, such as `the manifest` */
  problems(whole: string): LocatedProblem[] {
    const located = this.#problems.map((problem) => {
      const { path, unknownKey } = problem;
      const offset = this.#offsetOf(unknownKey === undefined ? path : [...path, unknownKey]);
      return { offset, problem };
    });
    return located
      .sort((a, b) => a.offset - b.offset)
      .map(({ offset, problem }) => {
        const { path, unknownKey } = problem;
        const message = problemText(problem, whole);
        const place = positionAt(this.#text, offset);
        return { ...place, message, path, ...(unknownKey !== undefined && { unknownKey }) };
      });
  }

  /** For a missing part, the offset of the nearest enclosing one. */
  #offsetOf(path: Path): number {
    const node = nodeAt(this.#root, path);
    return node?.offset ?? this.#offsetOf(path.slice(0, -1));
  }
}

function nodeAt(root: JsonNode, path: Path): JsonNode | undefined {
  let node: JsonNode | undefined = root;
  for (const step of path) {
    if (node?.type === "object") node = node.members.get(String(step));
    else if (node?.type === "array") node = node.items[Number(step)];
    else return undefined;
  }
  return node;
}
