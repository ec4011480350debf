import { describe, expect, it, vi } from "vitest";
import { main } from "../src/cli.ts";
import { attempt, runVerb } from "../src/commands/line/run-verb.ts";
import type { Verb } from "../src/commands/line/verb.ts";
import { exitCodes, StartupError } from "../src/firmware/process/exit-codes.ts";
import { firmwareVersion } from "../src/firmware/process/package-root.ts";
import { capturePrinted } from "./commands/printed.ts";

const printed = capturePrinted();

/** What a command says to the person besides its output. */
function captureErrors(): { text: string } {
  const said = { text: "" };
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said.text += String(text);
    return true;
  });
  return said;
}

const names = [
  "run",
  "simulate",
  "doctor",
  "board",
  "manifest",
  "settings",
  "credentials",
  "claim",
  "wifi",
  "seal",
  "unseal",
  "hub",
  "demo",
  "relay",
];

describe("the command line", () => {
  it.each([[[]], [["help"]], [["--help"]], [["-h"]]])(
    "%j is an overview of every command and exit code",
    async (argv) => {
      expect(await main(argv)).toBe(0);
      for (const name of names) expect(printed.text).toMatch(new RegExp(`^  ${name} +\\S`, "m"));
      for (const [name, code] of Object.entries(exitCodes)) expect(printed.text).toContain(`${code} ${name}`);
    },
  );

  it.each(names)("help %s is what %s --help is, with its usage", async (name) => {
    expect(await main(["help", name])).toBe(0);
    const help = printed.text;
    expect(help).toContain("\nUsage: grove-heater ");
    expect(help).toContain("--help");
    printed.text = "";
    expect(await main([name, "--help"])).toBe(0);
    expect(printed.text).toBe(help);
    printed.text = "";
    expect(await main([name, "-h"])).toBe(0);
    expect(printed.text).toBe(help);
  });

  it.each(["--version", "-v", "version"])("%s is the firmware's version and nothing else", async (word) => {
    expect(await main([word])).toBe(0);
    expect(printed.text).toBe(`${firmwareVersion()}\n`);
  });

  it.each(["toString", "constructor", "dokter"])("refuses %s, which is no command, with 64", async (word) => {
    const said = captureErrors();
    expect(await main([word])).toBe(64);
    expect(said.text).toMatch(new RegExp(`^grove-heater: There is no command "${word}"\\.\n`));
    expect(said.text.includes('Did you mean "doctor"?')).toBe(word === "dokter");
    expect(printed.text).toBe("");
  });
});

describe("a verb's end", () => {
  const verb = (run: Verb["run"], onRefusal?: Verb["onRefusal"]): Verb => ({
    name: "fry",
    summary: "Fry",
    usage: "fry",
    flags: {},
    run,
    ...(onRefusal && { onRefusal }),
  });

  it("is the exit code that it returns", async () => {
    expect(
      await runVerb(
        verb(async () => 1),
        [],
      ),
    ).toBe(1);
  });

  it("is the code of a failure that a person can correct, with what is wrong and the next step", async () => {
    const said = captureErrors();
    const code = await attempt(() =>
      Promise.reject(new StartupError(exitCodes.storage, "No egg.", "Buy one.")),
    );
    expect([code, said.text]).toEqual([74, "grove-heater: No egg.\n  Buy one.\n"]);
  });

  it("is 70 for anything else, which is called a bug, with its place", async () => {
    const said = captureErrors();
    expect(await attempt(() => Promise.reject(new TypeError("egg is not a function")))).toBe(70);
    expect(said.text).toMatch(/this is a bug, please report it:\nTypeError: egg is not a function\n +at /);
    expect(await attempt(() => Promise.reject("egg"))).toBe(70);
  });

  it("calls the verb's onRefusal for invalid arguments only, before they are reported", async () => {
    captureErrors();
    const refused: (readonly string[])[] = [];
    const tried = verb(
      async () => 0,
      (argv) => refused.push(argv),
    );
    expect(await runVerb(tried, ["--egg"])).toBe(64);
    expect(await runVerb(tried, [])).toBe(0);
    expect(refused).toEqual([["--egg"]]);
  });
});
