/** JSON as a hub treats it: what is the same, what a patch makes of it, and what changes a document into another. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type JsonRecord, mergePatch } from "../../../src/base/json/value.ts";
import { fingerprint, membersOf, mergePatchBetween, sameInHub } from "../../../src/control/twin/values.ts";

/** `value` inside so many objects. */
function nested(levels: number, value: unknown): unknown {
  let whole = value;
  for (let left = levels; left > 0; left--) whole = { a: whole };
  return whole;
}

/** The same value with the members of every object in reverse order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]): [string, unknown] => [name, turned(member)])
      .toReversed(),
  );
}

const json = fc.jsonValue({ maxDepth: 4, noUnicodeString: true });
const names = fc.constantFrom("a", "b", "c", "d");
const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.constantFrom("x", "y"), fc.array(fc.nat(3)));
/** Documents of few names, so that two of them have much in common. */
const { document } = fc.letrec<{ document: JsonRecord; member: unknown }>((tie) => ({
  document: fc.dictionary(names, tie("member"), { maxKeys: 4, noNullPrototype: true }),
  member: fc.oneof({ maxDepth: 3 }, leaf, tie("document")),
}));

describe("two JSON values", () => {
  it.each([
    [1, 1, true],
    [1, "1", false],
    ["", null, false],
    [[1, 2], [1, 2], true],
    [[1, 2], [2, 1], false],
    [[1], [1, 2], false],
    [[1, 2], [1], false],
    [[], {}, false],
    [{ a: 1, b: [{ c: 2 }] }, { b: [{ c: 2 }], a: 1 }, true],
    [{ a: 1, b: [{ c: 2 }] }, { b: [{ c: 3 }], a: 1 }, false],
    [{ a: 1 }, { b: 1 }, false],
    [{ a: 1 }, { a: 1, b: 2 }, false],
  ])("%j and %j are the same: %s", (a, b, same) => {
    expect([sameInHub(a, b), sameInHub(b, a)]).toEqual([same, same]);
    expect(fingerprint(a) === fingerprint(b)).toBe(same);
  });

  it("are the same where they differ in what a hub does not keep: nulls, and its own names", () => {
    expect(sameInHub({ a: 1, b: null, c: undefined, $version: 4 }, { a: 1 })).toBe(true);
    expect(fingerprint({ a: 1, b: null, $version: 4 })).toBe(fingerprint({ a: 1 }));
    expect(membersOf({ b: 0, $metadata: {}, a: "", c: null, d: undefined, e: false })).toEqual([
      ["a", ""],
      ["b", 0],
      ["e", false],
    ]);
  });

  it("are not held to be the same below the depth to which anybody looks", () => {
    expect(sameInHub(nested(17, 1), nested(17, 1))).toBe(true);
    expect(sameInHub(nested(18, 1), nested(18, 1))).toBe(false);
    expect(sameInHub(nested(100_000, 1), nested(100_000, 1))).toBe(false);
  });

  it("have the same fingerprint in any order of names, and different ones where they differ", () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(fingerprint(turned(a))).toBe(fingerprint(a));
        expect(sameInHub(turned(a), a)).toBe(true);
        expect(sameInHub(a, b)).toBe(fingerprint(a) === fingerprint(b));
      }),
    );
  });
});

describe("a fingerprint", () => {
  it("is the value itself up to 64 characters, and short beyond", () => {
    expect(fingerprint(21.5)).toBe("21.5");
    expect(fingerprint("auto")).toBe('"auto"');
    expect(fingerprint({ b: [1, true], a: "x" })).toBe('{"a":"x","b":[1,true]}');
    expect(fingerprint("x".repeat(62))).toBe(`"${"x".repeat(62)}"`);
    expect(fingerprint("x".repeat(63))).toMatch(/^#65\.[0-9a-f]+\.[0-9a-f]+$/);
    expect(fingerprint("x".repeat(63))).not.toBe(fingerprint(`${"x".repeat(62)}y`));
  });

  it.each([
    ["a long text", "x".repeat(1_000_000)],
    ["a long list", Array.from({ length: 1_000_000 }, () => 1)],
    ["many names", Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`name${at}`, 1]))],
    ["long names", { ["n".repeat(1_000_000)]: 1, ["o".repeat(1_000_000)]: 1 }],
  ])("is taken of no more than 64 KiB of %s", (_, value) => {
    const [, length] = /^#(\d+)\./.exec(fingerprint(value)) ?? [];
    expect(Number(length)).toBeGreaterThan(60_000);
    expect(Number(length)).toBeLessThan(70_000);
  });

  it("is taken of nothing below sixteen levels, and ends for any depth", () => {
    expect(fingerprint(nested(16, 1))).not.toBe(fingerprint(nested(16, 2)));
    expect(fingerprint(nested(17, 1))).toBe(fingerprint(nested(17, 2)));
    expect(fingerprint(nested(100_000, 1))).toBe(fingerprint(nested(17, 2)));
  });
});

describe("a patch", () => {
  it("sets, deletes and goes into objects, and leaves the rest alone (RFC 7396)", () => {
    const base = { a: 1, b: { c: 2, d: 3 }, e: [1], f: 5 };
    const patch = { a: 7, b: { c: null, g: { h: 1, i: null } }, e: { j: 1 }, f: undefined };
    expect(mergePatch(base, patch)).toEqual({ a: 7, b: { d: 3, g: { h: 1 } }, e: { j: 1 } });
    expect(base).toEqual({ a: 1, b: { c: 2, d: 3 }, e: [1], f: 5 });
  });

  it("reaches no prototype, and ends for any depth", () => {
    const hostile = JSON.parse('{"__proto__": {"bad": 1}}') as JsonRecord;
    const result = mergePatch({}, hostile);
    expect([Object.keys(result), "bad" in {}]).toEqual([["__proto__"], false]);
    mergePatch({}, nested(100_000, 1) as JsonRecord);
  });

  it("makes any document of any other, and there is none where they are the same", () => {
    fc.assert(
      fc.property(document, document, (from, to) => {
        const patch = mergePatchBetween(from, to);
        expect(patch === undefined).toBe(sameInHub(from, to));
        expect(sameInHub(mergePatch(from, patch ?? {}), to)).toBe(true);
      }),
    );
  });

  it("names a member that differs whole, and nothing else", () => {
    const from = { same: { a: 1 }, ack: { value: 1, av: 2, old: { x: 1 } }, gone: 1, open: 1 };
    const to = { same: { a: 1 }, ack: { value: 1, av: 3 }, open: undefined };
    expect(mergePatchBetween(from, to)).toEqual({ ack: { value: 1, av: 3, old: null }, gone: null });
    expect(mergePatchBetween({ a: 1 }, { a: null })).toEqual({ a: null });
    expect(mergePatchBetween({}, { a: null })).toBeUndefined();
  });
});
