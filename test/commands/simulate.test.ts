import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readArguments } from "../../src/commands/line/verb.ts";
import { verb } from "../../src/commands/simulate.ts";
import { actionFields } from "../../src/simulation/scenario/actions.ts";
import { parseScenario } from "../../src/simulation/scenario/scenario.ts";
import { scenarioNames, scenarioText } from "../../src/simulation/scenario/scenarios.ts";
import { hatFaultNames } from "../../src/simulation/virtual-hat/faults.ts";
import { capturePrinted } from "./printed.ts";

let folder: string;
const printed = capturePrinted();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grove-heater-test-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const simulate = (...words: string[]) => verb.run(readArguments(verb, words));
const lines = () => printed.text.trimEnd().split("\n");

describe("the verb simulate", () => {
  it("prints a row at each end and one this often between, under their headings, and the sum at the end", async () => {
    expect(await simulate("day", "--hours", "0.1", "--every", "2")).toBe(0);
    const heading = lines().findIndex((line) => /^ +time +clock +air +sensor +target/.test(line));
    expect(heading).toBeGreaterThan(0);
    const rows = lines().filter((line) => /^ +\d+:\d\d +Mon \d\d:\d\d +-?\d+\.\d\d /.test(line));
    expect(rows.map((row) => row.trim().split(/ +/)[0])).toEqual(["0:00", "0:02", "0:04", "0:06"]);
    expect(lines().at(-1)).toMatch(/^0\.1 h in \d+\.\d s; heater on \d\.\d h, \d+\.\d cycles\/h$/);
  });

  it("prints JSON lines, each a whole object: the scenario, rows and events, the end", async () => {
    expect(await simulate("day", "--hours", "0.1", "--every", "3", "--format", "jsonl")).toBe(0);
    const objects = lines().map((line) => JSON.parse(line));
    expect(objects[0]).toMatchObject({ kind: "scenario", seed: expect.any(Number) });
    expect(objects.filter(({ kind }) => kind === "row").map(({ atSeconds }) => atSeconds)).toEqual([
      0, 180, 360,
    ]);
    expect(objects.some(({ kind, event }) => kind === "event" && event === "heater")).toBe(true);
    expect(objects.at(-1)).toMatchObject({ kind: "end", seconds: 360, unmet: 0 });
  });

  it("prints CSV: one line of names, and as many fields in every row", async () => {
    expect(await simulate("day", "--hours", "0.1", "--every", "3", "--format", "csv")).toBe(0);
    expect(lines()[0]).toBe("atSeconds,air,sensor,target,outside,demand,heater,mode,faults,clock,duty");
    expect(lines()).toHaveLength(4);
    for (const line of lines()) expect(line.split(",")).toHaveLength(11);
  });

  it("plays the same with the same seed, and not with another", async () => {
    const play = async (seed: string): Promise<string> => {
      printed.text = "";
      await simulate("day", "--hours", "0.1", "--every", "3", "--format", "csv", "--seed", seed);
      return printed.text;
    };
    const first = await play("7");
    expect(await play("7")).toBe(first);
    expect(await play("8")).not.toBe(first);
  });

  it("plays a fault for as long as it is asked to, and reports it", async () => {
    expect(await simulate("day", "--hours", "0.1", "--fault", "nack@0:01+0:03")).toBe(0);
    expect(printed.text).toMatch(/^ +0:01 +> /m);
    const told = lines().filter((line) => /·.*sensor-stale/.test(line));
    expect(told.map((line) => line.trim().split(" ")[0])).toEqual(["0:01", "0:04"]);
  });

  it("ends with 1 and says what was not as expected, when something was not", async () => {
    const file = join(folder, "cold.json");
    const scenario = JSON.parse(scenarioText("day"));
    scenario.timeline = [{ at: "0:03", do: "expect", above: 60 }];
    const text = JSON.stringify(scenario);
    writeFileSync(file, text);
    expect(await simulate(file, "--hours", "0.1")).toBe(1);
    expect(printed.text).toContain("✗ not as expected: ");
    expect(lines().at(-1)).toContain("1 expectations not met");
  });

  it("shows the local time of each row, and the share of it in which the heater was on", async () => {
    expect(await simulate("day", "--hours", "0.2", "--every", "6", "--format", "jsonl")).toBe(0);
    const objects = lines().map((line) => JSON.parse(line));
    const rows = objects.filter(({ kind }) => kind === "row");
    expect(rows.map(({ clock }) => clock)).toEqual(["Mon 06:00", "Mon 06:06", "Mon 06:12"]);
    const [first, ...others] = rows.map(({ duty }) => duty);
    expect(first).toBeNull();
    const onSeconds = others.reduce((sum, duty) => sum + (duty / 100) * 360, 0);
    expect(onSeconds).toBeCloseTo(objects.at(-1).heaterSeconds, 0);
  });

  it("describes every action of a scenario file in its help, and all of its fields exist", () => {
    const about = "test";
    for (const [name, text] of Object.entries(actionFields)) {
      expect(verb.notes).toContain(text);
      const fields = [...text.matchAll(/"([a-z]+)"(?::|, ")/g)].map(([, field]) => field ?? "");
      const probe = { at: "0:00", do: name, ...Object.fromEntries(fields.map((field) => [field, {}])) };
      const parsed = parseScenario(JSON.stringify({ about, hours: 1, timeline: [probe] }));
      const problems = parsed.ok ? [] : parsed.problems;
      expect(problems.filter((problem) => /unknown/.test(problem) && !/monday/.test(problem))).toEqual([]);
    }
  });

  it("lists every scenario and every fault", async () => {
    expect(await simulate("--list")).toBe(0);
    for (const name of [...scenarioNames, ...hatFaultNames]) expect(printed.text).toContain(`\n  ${name} `);
  });

  it("prints a scenario's file, to edit and run it", async () => {
    expect(await simulate("day", "--print")).toBe(0);
    expect(JSON.parse(printed.text)).toEqual(JSON.parse(scenarioText("day")));
  });

  it.each([
    [["--every", "0"], 64, "--every 0 is not a number above 0."],
    [["--hours", "soon"], 64, "--hours soon is not a number above 0."],
    [["--seed", "1000001"], 64, "--seed 1000001"],
    [["--format", "xml"], 64, "invalid value: --format xml."],
    [["--fault", "nack@1:0"], 64, "--fault nack@1:0 is not NAME@H:MM[+H:MM]."],
    [["--fault", "nak@1:00"], 64, 'There is no fault "nak".'],
    [["day", "night"], 64, "one scenario at a time: day, or night?"],
  ])("refuses %j with exit code %i", async (flags, exitCode, message) => {
    await expect(simulate(...flags)).rejects.toMatchObject({
      exitCode,
      message: expect.stringContaining(message),
    });
    expect(printed.text).toBe("");
  });

  it("rejects a scenario file with a mistake with 78, its place, and where the format is described", async () => {
    const file = join(folder, "bad.json");
    writeFileSync(file, '{\n "about": }');
    await expect(simulate(file)).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringMatching(/bad\.json:2:\d+/),
      remedy: expect.stringContaining("simulate --help"),
    });
  });

  it.each([
    ["a folder", "/", "/ is a folder, not a file."],
    ["a device that never ends", "/dev/zero", "/dev/zero is a device, not a file."],
  ])("refuses %s in the place of a scenario's file at once", async (_what, name, message) => {
    await expect(simulate(name)).rejects.toMatchObject({ exitCode: 64, message });
  });
});
