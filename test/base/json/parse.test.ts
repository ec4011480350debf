import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type JsonNode, parseJson } from "../../../src/base/json/parse.ts";

/** Back to plain values, for comparison with the platform's parser. */
function plain(node: JsonNode): unknown {
  if (node.type === "array") return node.items.map(plain);
  if (node.type === "object") return Object.fromEntries([...node.members].map(([k, v]) => [k, plain(v)]));
  return node.value;
}

function platform(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

describe("reading JSON with places", () => {
  it("gives what JSON.parse gives, for every JSON text", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 1, 2, "\t"), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const result = parseJson(text);
        expect(result.ok && plain(result.root)).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it("refuses a damaged text exactly where JSON.parse refuses it", () => {
    const damage = fc.tuple(
      fc.jsonValue({ maxDepth: 3 }),
      fc.nat(),
      fc.nat(3),
      fc.constantFrom(...'{}[],:"\\0-.eE1tn \n\u0001'),
    );
    fc.assert(
      fc.property(damage, ([value, at, removed, inserted]) => {
        const whole = JSON.stringify(value);
        const cut = at % (whole.length + 1);
        const text = whole.slice(0, cut) + inserted + whole.slice(cut + removed);
        const expected = platform(text);
        const result = parseJson(text);
        if (!result.ok && /duplicate key|too large/.test(result.message)) return;
        expect(result.ok).toBe(expected !== undefined);
        if (result.ok) expect(plain(result.root)).toEqual(expected?.value);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, '"," or "}"'],
    ['{"a": 1,}', 1, 9, "a quoted key"],
    ["[1, 2", 1, 6, "unexpected end of the text"],
    ['{\n  "a": 1,\n  "a": 2\n}', 3, 3, "duplicate key"],
    ["// words\n{}", 1, 1, "a value"],
    ['{"a": "one\ntwo"}', 1, 7, "double quotes"],
    ["1e999", 1, 1, "too large"],
    ["", 1, 1, "unexpected end of the text"],
    ["{} {}", 1, 4, "the end of the text"],
  ])("names line and column of the fault in %j", (text, line, column, words) => {
    const result = parseJson(text);
    expect(result).toMatchObject({ ok: false, line, column });
    expect(!result.ok && result.message).toContain(words);
  });

  it("refuses nesting without end instead of overflowing the stack", () => {
    expect(parseJson("[".repeat(100_000))).toMatchObject({ ok: false, column: 66 });
  });

  it("takes the name __proto__ as a name like any other, and skips a byte order mark", () => {
    const result = parseJson('\ufeff{"__proto__": 1}');
    expect(result.ok && result.root.type === "object" && result.root.members.get("__proto__")).toMatchObject({
      value: 1,
    });
  });
});
