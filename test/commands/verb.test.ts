import { describe, expect, it } from "vitest";
import { readArguments, type VerbSpec } from "../../src/commands/line/verb.ts";

const flags = { data: { value: "FOLDER", doc: "" }, json: { doc: "" } };
const verb: VerbSpec = {
  name: "fry",
  summary: "",
  usage: "fry egg|bacon [FLAGS]",
  flags,
  subverbs: ["egg", "bacon"],
};
const usage = "Usage: grove-heater fry egg|bacon [FLAGS]; more: grove-heater fry --help";
const read = (...argv: string[]) => readArguments(verb, argv);

describe("the arguments of a verb", () => {
  it("are its words, flags with a value, and switches", () => {
    const args = read("egg", "--data", "/x", "--json");
    expect([args.words, args.value("data"), args.has("json")]).toEqual([["egg"], "/x", true]);
    expect([read().words, read().value("data"), read().has("json")]).toEqual([[], undefined, false]);
  });

  it.each([
    [["--dat", "x"], "Unknown option '--dat'.", `Did you mean --data? ${usage}`],
    [["--zzzzzz"], "Unknown option '--zzzzzz'.", usage],
    [["--data"], "Option '--data <value>' argument missing.", usage],
    [["--data", "-1"], "Option '--data' argument is ambiguous.", usage],
    [["--json=1"], "Option '--json' does not take an argument.", usage],
    [["eg"], "unknown subcommand: fry eg.", `Did you mean egg? ${usage}`],
    [["egg", "bacon"], "unexpected argument: bacon", usage],
  ])("%j are refused with exit code 64, what is wrong, and the next step", (argv, message, remedy) => {
    expect(() => read(...argv)).toThrow(expect.objectContaining({ exitCode: 64, message, remedy }));
  });

  it("accept no word where the verb has no subverbs, and any word where it allows them", () => {
    const { subverbs: _none, ...plain } = verb;
    expect(() => readArguments(plain, ["egg"])).toThrow("unexpected argument: egg");
    expect(readArguments({ ...verb, subverbs: "any" }, ["a", "b"]).words).toEqual(["a", "b"]);
  });
});
