import { describe, expect, it } from "vitest";
import { mutantsOf } from "./operators.ts";

const mutated = (text: string): string[] =>
  mutantsOf("a.ts", text).map(
    ({ start, end, replacement }) => text.slice(0, start) + replacement + text.slice(end),
  );

describe("the mutants of a file", () => {
  it("negate a condition", () => {
    expect(mutated("if (a) { b = 1; }")).toEqual(["if (!(a)) { b = 1; }", "if (a) { ; }"]);
    expect(mutated("const x = a ? 1 : 2;")).toEqual(["const x = !(a) ? 1 : 2;"]);
  });

  it("turn a comparison round and join differently", () => {
    expect(mutated("const x = a < b && c;")).toEqual(["const x = a >= b && c;", "const x = a < b || c;"]);
  });

  it("flip a boolean, but none that is a type", () => {
    expect(mutated("const x: true = true;")).toEqual(["const x: true = false;"]);
  });

  it("return nothing, and leave out a call", () => {
    expect(mutated("function f() { g(); return 1; }")).toEqual([
      "function f() { ; return 1; }",
      "function f() { g(); return (undefined as never); }",
    ]);
  });

  it("return the other boolean, not nothing, which most callers take for false", () => {
    expect(mutated("function f() { return false; }")).toEqual(["function f() { return true; }"]);
  });

  it("leave log lines, imports, types and joined texts alone", () => {
    const text =
      'import { a } from "b"; log.info("x"); this.#parts.log.warn("y"); this.#log.warn("z"); type T = { a: true }; s("a" + b);';
    expect(mutated(text)).toEqual([text.replace('s("a" + b);', ";")]);
    expect(mutated('function f() { return log.warn("x"); }')).toEqual([]);
  });
});
