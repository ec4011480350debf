/**
 * The part of IoT Hub's query language that selects devices
 * (https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-query-language):
 *
 *   SELECT * FROM devices [WHERE condition]
 *   condition: and, or, not, brackets; = != <> < <= > >= ; IN [a, b]; IS_DEFINED(path)
 *
 * Guarantee: never throws; an unsupported query returns an error with its position.
 */
import { equalJson, type Json, member } from "../../base/json/value.ts";

export type Query =
  | { readonly ok: true; readonly matches: (twin: Json) => boolean }
  | { readonly ok: false; readonly message: string };

type Condition = (twin: Json) => boolean;
type Operand = (twin: Json) => Json | undefined;

const maxQueryLength = 4096;
const maxDepth = 50;
const head = /^\s*SELECT\s+\*\s+FROM\s+devices\s*(?:WHERE\s+([\s\S]+?))?\s*;?\s*$/i;
const token =
  /\s*(?:('(?:[^']|'')*')|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([A-Za-z_$][\w$]*(?:\.[\w$]+)*|\[\[[^\]]+\]\])|(<=|>=|!=|<>|[=<>()[\],]))/y;

export function parseQuery(text: string): Query {
  if (text.length > maxQueryLength)
    return { ok: false, message: `a query has at most ${maxQueryLength} characters` };
  const parts = head.exec(text);
  if (parts === null) return { ok: false, message: "this hub supports only SELECT * FROM devices [WHERE …]" };
  const where = parts[1];
  if (where === undefined) return { ok: true, matches: () => true };
  try {
    return { ok: true, matches: new Parser(tokens(where)).parse() };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    return { ok: false, message: error.message };
  }
}

class QueryError extends Error {}

interface Token {
  readonly kind: "text" | "number" | "name" | "sign";
  readonly text: string;
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  token.lastIndex = 0;
  while (text.slice(token.lastIndex).trim() !== "") {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new QueryError(`cannot read the query at "${text.slice(at, at + 20)}"`);
    const [, single, double, number, name, sign] = match;
    if (single !== undefined) found.push({ kind: "text", text: single.slice(1, -1).replaceAll("''", "'") });
    else if (double !== undefined) found.push({ kind: "text", text: double.slice(1, -1) });
    else if (number !== undefined) found.push({ kind: "number", text: number });
    else if (name !== undefined) found.push({ kind: "name", text: name });
    else found.push({ kind: "sign", text: sign ?? "" });
  }
  return found;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(list: readonly Token[]) {
    this.#tokens = list;
  }

  parse(): Condition {
    const condition = this.#or();
    if (this.#at < this.#tokens.length) throw this.#unexpected("the end");
    return condition;
  }

  #or(): Condition {
    if (++this.#depth > maxDepth) throw new QueryError(`nested deeper than ${maxDepth} brackets`);
    let left = this.#and();
    while (this.#word("or")) {
      const [a, b] = [left, this.#and()];
      left = (twin) => a(twin) || b(twin);
    }
    this.#depth--;
    return left;
  }

  #and(): Condition {
    let left = this.#not();
    while (this.#word("and")) {
      const [a, b] = [left, this.#not()];
      left = (twin) => a(twin) && b(twin);
    }
    return left;
  }

  #not(): Condition {
    let negated = false;
    while (this.#word("not")) negated = !negated;
    const condition = this.#term();
    return negated ? (twin) => !condition(twin) : condition;
  }

  #term(): Condition {
    if (this.#sign("(")) {
      const inner = this.#or();
      if (!this.#sign(")")) throw this.#unexpected(")");
      return inner;
    }
    if (this.#word("is_defined")) {
      if (!this.#sign("(")) throw this.#unexpected("(");
      const operand = this.#operand();
      if (!this.#sign(")")) throw this.#unexpected(")");
      return (twin) => operand(twin) !== undefined;
    }
    const left = this.#operand();
    if (this.#word("in")) {
      const items = this.#list();
      return (twin) => items.some((item) => compare("=", left(twin), item(twin)));
    }
    const sign = this.#take("sign");
    if (sign === undefined || !(sign.text in comparisons)) throw this.#unexpected("a comparison");
    const right = this.#operand();
    return (twin) => compare(sign.text, left(twin), right(twin));
  }

  #list(): Operand[] {
    if (!this.#sign("[")) throw this.#unexpected("[");
    const items = [this.#operand()];
    while (this.#sign(",")) items.push(this.#operand());
    if (!this.#sign("]")) throw this.#unexpected("]");
    return items;
  }

  #operand(): Operand {
    const text = this.#take("text");
    if (text !== undefined) return () => text.text;
    const number = this.#take("number");
    if (number !== undefined) return () => Number(number.text);
    const name = this.#take("name");
    if (name === undefined) throw this.#unexpected("a value or a name");
    switch (name.text.toLowerCase()) {
      case "true":
        return () => true;
      case "false":
        return () => false;
      case "null":
        return () => null;
    }
    const path = name.text.split(".");
    // A name may begin with `devices.`, as in the documentation's examples.
    if (path[0]?.toLowerCase() === "devices") path.shift();
    return (twin) => path.reduce<Json | undefined>((at, step) => member(at, step), twin);
  }

  #take(kind: Token["kind"]): Token | undefined {
    const next = this.#tokens[this.#at];
    if (next?.kind !== kind) return undefined;
    this.#at++;
    return next;
  }

  #word(word: string): boolean {
    const next = this.#tokens[this.#at];
    if (next?.kind !== "name" || next.text.toLowerCase() !== word) return false;
    this.#at++;
    return true;
  }

  #sign(sign: string): boolean {
    const next = this.#tokens[this.#at];
    if (next?.kind !== "sign" || next.text !== sign) return false;
    this.#at++;
    return true;
  }

  #unexpected(wanted: string): QueryError {
    const found = this.#tokens[this.#at];
    const seen =
      found === undefined ? "unexpected end of the query" : `unexpected "${found.text.slice(0, 40)}"`;
    return new QueryError(`${seen}: expected ${wanted}`);
  }
}

type Ordered = number | string;
const comparisons: Readonly<Record<string, (a: Ordered, b: Ordered) => boolean>> = {
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<>": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

/** As in SQL, a missing value is neither equal nor unequal, and only values of the same type are compared. */
function compare(sign: string, a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const ordered =
    (typeof a === "number" && typeof b === "number") || (typeof a === "string" && typeof b === "string");
  if (ordered) return comparisons[sign]?.(a as Ordered, b as Ordered) ?? false;
  if (sign === "=") return equalJson(a, b);
  return (sign === "!=" || sign === "<>") && !equalJson(a, b);
}
