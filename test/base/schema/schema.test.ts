import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { JsonDocument } from "../../../src/base/schema/document.ts";
import {
  check,
  type Infer,
  problemText,
  read,
  readText,
  type Schema,
} from "../../../src/base/schema/schema.ts";
import {
  byKind,
  distinct,
  list,
  map,
  object,
  strictObject,
  tuple,
  validItems,
} from "../../../src/base/schema/structures.ts";
import {
  anything,
  boolean,
  convert,
  either,
  integer,
  lenient,
  nullable,
  number,
  oneOf,
  optional,
  refine,
  secret,
  string,
  withDefault,
} from "../../../src/base/schema/values.ts";
import { type Celsius, celsius } from "../../../src/base/units.ts";

const name = { pattern: /^[a-z]+$/, expected: "lower-case letters" };
const hat = strictObject({
  Name: string(name, 8),
  Pins: list(integer(0, 27), 3),
  Pull: optional(oneOf(["up", "down"])),
  Air: withDefault(convert(number(-40, 60), celsius), undefined),
});

const wrongIn = (schema: Schema<unknown>, value: unknown): string[] => {
  const checked = check(schema, value);
  return checked.ok ? [] : checked.problems.map((problem) => problemText(problem, "the hat"));
};

describe("A schema", () => {
  it("gives the type of what it reads", () => {
    expectTypeOf<Infer<typeof hat>>().toEqualTypeOf<{
      readonly Name: string;
      readonly Pins: readonly number[];
      readonly Air: Celsius | undefined;
      readonly Pull?: "up" | "down" | undefined;
    }>();
    const message = byKind("kind", { ping: object({}), beat: object({ heaterOn: boolean }) });
    expectTypeOf<Infer<typeof message>>().toEqualTypeOf<
      { readonly kind: "ping" } | { readonly kind: "beat"; readonly heaterOn: boolean }
    >();
  });

  it.each([
    [
      { Name: "relay", Pins: [1] },
      { Name: "relay", Pins: [1], Air: undefined },
    ],
    [
      { Name: "relay", Pins: [], Pull: "up", Air: 20 },
      { Name: "relay", Pins: [], Pull: "up", Air: 20 },
    ],
  ])("reads what fits: %j", (value, expected) => {
    expect(read(hat, value)).toStrictEqual(expected);
  });

  it.each<[unknown, string[]]>([
    [7, ["the hat must be an object, not 7"]],
    [null, ["the hat must be an object, not null"]],
    [{ Name: "relay" }, ['the hat is missing "Pins"']],
    [
      { Name: "Relay", Pins: {} },
      ['Name must be lower-case letters, not "Relay"', "Pins must be a list, not an object"],
    ],
    [
      { Name: 7, Pins: [1.5, 28] },
      [
        "Name must be a string, not 7",
        "Pins[0] must be a whole number from 0 to 27, not 1.5",
        "Pins[1] must be a whole number from 0 to 27, not 28",
      ],
    ],
    [
      { Name: "toolonganame", Pins: [] },
      ['Name must be a string of at most 8 characters, not "toolonganame"'],
    ],
    [{ Name: "relay", Pins: [1, 2, 3, 4] }, ["Pins must be a list of at most 3 items, not of 4"]],
    [{ Name: "relay", Pins: [], Pul: "up" }, ['the hat has the unknown key "Pul"']],
    [{ Name: "relay", Pins: [], Pull: "sideways" }, ['Pull must be "up" or "down", not "sideways"']],
  ])("says what is wrong with %j, with the path of each mistake", (value, expected) => {
    expect(wrongIn(hat, value)).toEqual(expected);
  });

  it("tells the kinds of a union apart, and reads no other", () => {
    const message = byKind("kind", { ping: object({}), beat: object({ heaterOn: boolean }) });
    expect(read(message, { kind: "beat", heaterOn: true, more: 1 })).toStrictEqual({
      kind: "beat",
      heaterOn: true,
    });
    expect(wrongIn(message, { kind: "toString" })).toEqual(['kind must be "ping" or "beat", not "toString"']);
    expect(wrongIn(message, {})).toEqual(['the hat is missing "kind"']);
    expect(wrongIn(message, { kind: "beat", heaterOn: "yes" })).toEqual([
      'heaterOn must be true or false, not "yes"',
    ]);
  });

  it("names a wrong secret as wrong, and never shows it", () => {
    const key = secret(refine(string(), "a key of 4 letters", (text) => text.length === 4));
    const result = check(object({ key }), { key: "hunter2" });
    expect(result).toMatchObject({ ok: false });
    expect(JSON.stringify(result)).toContain("must be a key of 4 letters");
    expect(JSON.stringify(result)).not.toContain("hunter2");
  });

  it("can take what was stored once, whatever became of it", () => {
    const record = object({
      id: string(),
      etag: lenient(string(), () => "new"),
      queue: lenient(validItems(object({ id: string() })), () => []),
      seenMs: lenient(nullable(number()), () => null),
    });
    expect(read(record, { id: "a", etag: 7, queue: [{ id: "b" }, 7, {}] })).toEqual({
      id: "a",
      etag: "new",
      queue: [{ id: "b" }],
      seenMs: null,
    });
    expect(read(record, { etag: "x" })).toBeUndefined();
  });

  it("checks maps, tuples, alternatives and conditions", () => {
    expect(read(map(number(), 2), { a: 1, b: 2 })).toEqual({ a: 1, b: 2 });
    expect(wrongIn(map(number(), 1), { a: 1, b: 2 })).toEqual(["the hat must have at most 1 members, not 2"]);
    expect(wrongIn(map(number()), { a: "x" })).toEqual(['a must be a number, not "x"']);
    expect(wrongIn(map(number(), 2, name), { B: 1 })).toEqual(["B must be lower-case letters"]);
    expect(read(distinct(list(number())), [1, 2])).toEqual([1, 2]);
    expect(wrongIn(distinct(list(number())), [1, 2, 1])).toEqual(["[2] is listed twice: 1"]);
    expect(read(tuple([string(), number()]), ["a", 1])).toEqual(["a", 1]);
    expect(wrongIn(tuple([string(), number()]), ["a"])).toEqual([
      "the hat must be a list of 2 items, not a list",
    ]);
    expect(wrongIn(either(boolean, number(0, 1)), "x")).toEqual([
      'the hat must be true or false or a number from 0 to 1, not "x"',
    ]);
    expect(
      wrongIn(
        refine(integer(0, 9), "an even number", (value) => value % 2 === 0),
        3,
      ),
    ).toEqual(["the hat must be an even number, not 3"]);
    const doubtful = convert(number(), () => {
      throw new RangeError("no");
    });
    expect(wrongIn(doubtful, 3)).toEqual(["the hat must be a number, not 3"]);
  });

  it("reads a text that should be JSON", () => {
    expect(readText(list(number()), "[1]")).toEqual([1]);
    expect(readText(list(number()), "[1")).toBeUndefined();
    expect(readText(list(number()), '["1"]')).toBeUndefined();
  });

  it("never throws, never lets a name reach a prototype, and stays short, whatever comes", () => {
    fc.assert(
      fc.property(
        fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true }),
        (value) => {
          const schemas = [
            hat,
            map(anything),
            list(hat),
            byKind("kind", { a: hat }),
            lenient(hat, () => undefined),
          ];
          for (const schema of schemas) {
            const checked = check<unknown>(schema, value);
            if (checked.ok) continue;
            for (const problem of checked.problems) expect(problem.message.length).toBeLessThan(400);
          }
        },
      ),
    );
    const read1 = read(map(anything), JSON.parse('{"__proto__": {"polluted": true}}'));
    expect(Object.getPrototypeOf(read1)).toBe(Object.prototype);
    expect(read(object({ toString: optional(string()) }), {})).toStrictEqual({});
    expect(
      wrongIn(
        list(number()),
        Array.from({ length: 1e6 }, () => "x"),
      ).length,
    ).toBeLessThanOrEqual(100);
  });
});

describe("A JSON document", () => {
  const text = '{\n  "Name": "relay",\n  "Pins": [1, 99],\n  "Pul": "up"\n}';

  it("names the line of each mistake, in the order of the text", () => {
    const document = JsonDocument.parse(text);
    if (!(document instanceof JsonDocument)) throw new Error("does not parse");
    expect(document.read(hat)).toBeUndefined();
    expect(document.problems("the hat")).toEqual([
      {
        line: 3,
        column: 15,
        path: ["Pins", 1],
        message: "Pins[1] must be a whole number from 0 to 27, not 99",
      },
      { line: 4, column: 10, path: [], unknownKey: "Pul", message: 'the hat has the unknown key "Pul"' },
    ]);
    expect(document.placeOf(["Pins", 0])).toEqual({ line: 3, column: 12 });
    expect(document.placeOf(["Pins", 7, "more"])).toEqual({ line: 3, column: 11 });
  });

  it("reads part by part, so that one mistake does not hide what is right", () => {
    const document = JsonDocument.parse(text);
    if (!(document instanceof JsonDocument)) throw new Error("does not parse");
    expect(document.read(string(), "Name")).toBe("relay");
    expect(document.read(integer(0, 27), "Pins", 1)).toBeUndefined();
    expect(document.read(optional(string()), "Nothing")).toBeUndefined();
    expect(document.validParts(integer(0, 27), "Pins")).toEqual([{ value: 1, path: ["Pins", 0] }]);
    expect(document.validParts(string())).toEqual([
      { value: "relay", path: ["Name"] },
      { value: "up", path: ["Pul"] },
    ]);
    expect(document.validParts(string(), "Name")).toEqual([]);
    expect(document.problems("the hat")).toMatchObject([
      { line: 3, message: expect.stringContaining("Pins[1]") },
    ]);
  });

  it("says where a text is no JSON", () => {
    expect(JsonDocument.parse("{")).toMatchObject({ ok: false, line: 1, column: 2 });
  });
});
