import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  equalJson,
  isRecord,
  member,
  mergePatch,
  readJson,
  textOfJson,
} from "../../../src/base/json/value.ts";

describe("JSON values", () => {
  /** RFC 7396, appendix A: target, patch, result. Those whose patch is an object. */
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', "{}"],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])("patches %s by %s to %s, as RFC 7396 has it", (target, patch, result) => {
    expect(mergePatch(JSON.parse(target), JSON.parse(patch))).toEqual(JSON.parse(result));
  });

  it("never lets a name from outside reach a prototype", () => {
    const hostile = JSON.parse('{"__proto__":{"isAdmin":true}}');
    const result = mergePatch({}, hostile);
    expect(Object.keys(result)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(member(result, "isAdmin")).toBeUndefined();
    expect(member({}, "toString")).toBeUndefined();
  });

  it("calls equal what says the same in any order, and nothing else", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }), (a, b) => {
        const reversed = isRecord(a) ? Object.fromEntries(Object.entries(a).reverse()) : a;
        expect(equalJson(a, JSON.parse(JSON.stringify(reversed)))).toBe(true);
        expect(equalJson(a, b)).toBe(equalJson(b, a));
        if (equalJson(a, b)) expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)));
      }),
    );
    expect(equalJson({ a: null }, {})).toBe(false);
    expect(equalJson([1], { 0: 1 })).toBe(false);
  });

  it("walks no document to the end of the stack", () => {
    const nested = (levels: number) => JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`);
    expect(() => mergePatch(nested(5000), nested(5000))).not.toThrow();
    expect(equalJson(nested(10), nested(10))).toBe(true);
    expect(equalJson(nested(5000), nested(5000))).toBe(false);
  });

  it("says as a text what no member of it can change", () => {
    expect([{ toString: 1 }, [{ valueOf: null }], "a", null, 0.5].map(textOfJson)).toEqual([
      '{"toString":1}',
      '[{"valueOf":null}]',
      "a",
      "null",
      "0.5",
    ]);
  });

  it("reads what is JSON, and of anything else nothing", () => {
    expect([readJson("null"), readJson("{"), readJson("")]).toEqual([null, undefined, undefined]);
  });
});
