/** Values of a wanted shape out of JSON: what fits comes back, what does not is noted with its place and in words. */
import { describe, expect, it } from "vitest";
import { type JsonNode, parseJson } from "../../../src/base/json/parse.ts";
import { ShapeReader } from "../../../src/base/json/shape.ts";

function node(text: string): JsonNode {
  const result = parseJson(text);
  if (!result.ok) throw new Error(result.message);
  return result.root;
}

function read<T>(take: (reader: ShapeReader) => T) {
  const reader = new ShapeReader();
  const value = take(reader);
  return { value, messages: reader.problems.map(({ message }) => message), problems: reader.problems };
}

describe("the shape reader", () => {
  it("passes over what is absent: whoever requires it has said so", () => {
    const absent = read((reader) => [
      reader.object(undefined, "x", ["a"]),
      reader.string(undefined, "x"),
      reader.integer(undefined, "x", 0, 1),
      reader.choice(undefined, "x", ["a"]),
      reader.list(undefined, "x", () => 1),
    ]);
    expect(absent).toMatchObject({ value: Array(5).fill(undefined), messages: [] });
  });

  it("gives an object's members, and names each key that is missing and each that is strange", () => {
    const text = '{"a": 1, "b": 2, "d": 3}';
    const { value, problems } = read((reader) => reader.object(node(text), "box", ["a", "c"], ["b"]));
    expect([...(value?.keys() ?? [])]).toEqual(["a", "b", "d"]);
    expect(problems).toEqual([
      { offset: 0, message: 'box lacks "c"' },
      {
        offset: text.indexOf("3"),
        message: 'box has the unknown key "d"',
        unknownKey: "d",
        owner: "box",
      },
    ]);
  });

  it("takes a text, and one of a pattern only when it is", () => {
    const rule = { pattern: /^[a-z]+$/, says: "in small letters" };
    expect(read((reader) => reader.string(node('"Abc"'), "name"))).toMatchObject({
      value: "Abc",
      messages: [],
    });
    expect(read((reader) => reader.string(node('"abc"'), "name", rule))).toMatchObject({
      value: "abc",
      messages: [],
    });
    expect(read((reader) => reader.string(node('"Abc"'), "name", rule))).toMatchObject({
      value: undefined,
      messages: ['name must be in small letters, not "Abc"'],
    });
  });

  it.each([
    ["2", 2],
    ["5", 5],
    ["1", undefined],
    ["6", undefined],
    ["2.5", undefined],
    ['"3"', undefined],
  ])("takes %s as a whole number from 2 to 5, or says why not", (text, wanted) => {
    const { value, messages } = read((reader) => reader.integer(node(text), "count", 2, 5));
    expect(value).toBe(wanted);
    expect(messages).toEqual(
      wanted === undefined ? [`count must be a whole number from 2 to 5, not ${text}`] : [],
    );
  });

  it("takes one of the choices, and names them all for anything else", () => {
    const choose = (text: string) => read((reader) => reader.choice(node(text), "mode", ["auto", "manual"]));
    expect(choose('"manual"')).toMatchObject({ value: "manual", messages: [] });
    for (const text of ['"off"', "1"]) {
      expect(choose(text)).toMatchObject({
        value: undefined,
        messages: [`mode must be "auto" or "manual", not ${text}`],
      });
    }
  });

  it("takes the items of a list that fit, and notes the others by their number", () => {
    const { value, messages } = read((reader) =>
      reader.list(node('[1, "x", 3]'), "list", (item, where) => reader.integer(item, where, 0, 9)),
    );
    expect(value).toEqual([1, 3]);
    expect(messages).toEqual(['list[1] must be a whole number from 0 to 9, not "x"']);
  });

  it.each([
    ["{}", "an object"],
    ["[]", "a list"],
    ["null", "null"],
    ["true", "true"],
    ["1.5", "1.5"],
    [`"${"x".repeat(100)}"`, `"${"x".repeat(79)}`],
  ])("says what stands there instead: %s", (text, words) => {
    const wrong = read((reader) => [
      text === "{}" ? undefined : reader.object(node(text), "it", []),
      text.startsWith('"') ? undefined : reader.string(node(text), "it"),
      text === "[]" ? undefined : reader.list(node(text), "it", () => 1),
    ]);
    expect(wrong.value).toEqual([undefined, undefined, undefined]);
    expect(wrong.messages).toHaveLength(text === "null" || text === "true" || text === "1.5" ? 3 : 2);
    for (const message of wrong.messages) expect(message.endsWith(`, not ${words}`), message).toBe(true);
  });
});
