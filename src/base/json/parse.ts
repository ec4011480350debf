/**
 * Folder json/: a JSON parser that keeps line numbers, and functions that check and compare JSON values.
 *
 * Parses JSON (RFC 8259) and keeps the position of every value, so that a message can name the line to
 * change.
 *
 * Guarantees: never throws. Accepts what `JSON.parse` accepts, except duplicate names in one object
 * (`JSON.parse` silently keeps the last one), nesting deeper than 64, and numbers too large for a double.
 * Skips a byte order mark.
 */
export type JsonNode =
  /** Offset of the value's first character in the text. */
  { readonly offset: number } & (
    | { readonly type: "object"; readonly members: ReadonlyMap<string, JsonNode> }
    | { readonly type: "array"; readonly items: readonly JsonNode[] }
    | { readonly type: "string"; readonly value: string }
    | { readonly type: "number"; readonly value: number }
    | { readonly type: "boolean"; readonly value: boolean }
    | { readonly type: "null"; readonly value: null }
  );

/** Both count from 1, as editors do. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

export type JsonResult =
  | { readonly ok: true; readonly root: JsonNode }
  | ({ readonly ok: false; readonly message: string } & TextPosition);

/** @returns the value without positions, as `JSON.parse` returns it */
export function plainValue(node: JsonNode): unknown {
  switch (node.type) {
    case "object":
      return Object.fromEntries([...node.members].map(([name, member]) => [name, plainValue(member)]));
    case "array":
      return node.items.map(plainValue);
    default:
      return node.value;
  }
}

const maxDepth = 64;
/** Characters from U+0020 up, except quote and backslash; or an escape sequence (RFC 8259, section 7). */
const plainString = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const literal = /true|false|null/y;

export function positionAt(text: string, offset: number): TextPosition {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  let line = 1;
  for (let at = before.indexOf("\n"); at !== -1; at = before.indexOf("\n", at + 1)) line++;
  return { line, column: offset - lineStart + 1 };
}

/** Parses one JSON text. Never throws. */
export function parseJson(text: string): JsonResult {
  try {
    return { ok: true, root: new Reader(text).document() };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return { ok: false, message: error.message, ...positionAt(text, error.offset) };
  }
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

class JsonError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

class Reader {
  readonly #text: string;
  #at: number;

  constructor(text: string) {
    this.#text = text;
    this.#at = text.startsWith("\ufeff") ? 1 : 0;
  }

  document(): JsonNode {
    const root = this.#value(0);
    this.#skipBlank();
    if (this.#at < this.#text.length) throw this.#unexpected("the end of the text");
    return root;
  }

  #value(depth: number): JsonNode {
    this.#skipBlank();
    const offset = this.#at;
    if (depth > maxDepth) throw new JsonError(`nested deeper than ${maxDepth} levels`, offset);
    switch (this.#text[offset]) {
      case "{":
        return { type: "object", offset, members: this.#members(depth) };
      case "[":
        return { type: "array", offset, items: this.#items(depth) };
      case '"':
        return { type: "string", offset, value: this.#string() };
      default:
        return this.#word(offset);
    }
  }

  #word(offset: number): JsonNode {
    const word = this.#take(literal);
    if (word === "null") return { type: "null", offset, value: null };
    if (word !== undefined) return { type: "boolean", offset, value: word === "true" };
    const digits = this.#take(number);
    if (digits === undefined) throw this.#unexpected("a value");
    const value = Number(digits);
    if (!Number.isFinite(value)) throw new JsonError(`the number ${digits} is too large`, offset);
    return { type: "number", offset, value };
  }

  #members(depth: number): Map<string, JsonNode> {
    const members = new Map<string, JsonNode>();
    this.#at++;
    if (this.#next("}")) return members;
    do {
      this.#skipBlank();
      const offset = this.#at;
      if (this.#text[offset] !== '"') throw this.#unexpected("a quoted key");
      const name = this.#string();
      if (members.has(name)) throw new JsonError(`duplicate key "${name}"`, offset);
      if (!this.#next(":")) throw this.#unexpected(`":" after the key "${name}"`);
      members.set(name, this.#value(depth + 1));
    } while (this.#next(","));
    if (!this.#next("}")) throw this.#unexpected('"," or "}"');
    return members;
  }

  #items(depth: number): JsonNode[] {
    const items: JsonNode[] = [];
    this.#at++;
    if (this.#next("]")) return items;
    do items.push(this.#value(depth + 1));
    while (this.#next(","));
    if (!this.#next("]")) throw this.#unexpected('"," or "]"');
    return items;
  }

  #string(): string {
    const quoted = this.#take(plainString);
    if (quoted === undefined) {
      throw new JsonError(
        "a text in double quotes that does not end on its line or has a wrong escape",
        this.#at,
      );
    }
    return quoted.includes("\\") ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
  }

  #next(character: string): boolean {
    this.#skipBlank();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipBlank(): void {
    // Local variables: a start parses each file once, in the interpreter, where private members are slow.
    const text = this.#text;
    let at = this.#at;
    for (let code = text.charCodeAt(at); isBlank(code); code = text.charCodeAt(at)) at++;
    this.#at = at;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #unexpected(wanted: string): JsonError {
    const found = this.#text[this.#at];
    const seen = found === undefined ? "unexpected end of the text" : `unexpected ${JSON.stringify(found)}`;
    return new JsonError(`${seen}: expected ${wanted}`, this.#at);
  }
}
