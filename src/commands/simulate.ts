/** `simulate`: runs a scenario in virtual time and prints what the room and the controller did. */
import { readSmallFile, SmallFileError } from "../base/files/small-file.ts";
import { nearest } from "../base/nearest-word.ts";
import { hours, type Millis, millis, minutes } from "../base/units.ts";
import { exitCodes, StartupError } from "../firmware/process/exit-codes.ts";
import { simulate } from "../firmware/simulation.ts";
import type { TimedAction } from "../simulation/scenario/actions.ts";
import { parseScenario, type Scenario, scenarioFormat } from "../simulation/scenario/scenario.ts";
import {
  builtInScenario,
  isScenarioName,
  scenarioNames,
  scenarioText,
} from "../simulation/scenario/scenarios.ts";
import { hatFaultNames, hatFaults, isHatFault } from "../simulation/virtual-hat/faults.ts";
import { oneOf } from "./line/context.ts";
import { print } from "./line/print.ts";
import type { Arguments, Verb } from "./line/verb.ts";
import { formats } from "./output/simulation.ts";

export const verb: Verb = {
  name: "simulate",
  summary: "Run a scenario in virtual time",
  usage: "simulate [SCENARIO] [FLAGS]",
  subverbs: "any",
  flags: {
    list: { doc: "list the scenarios and the faults" },
    print: { doc: "print the scenario's file, to edit and run it" },
    hours: { value: "N", doc: "duration (default: the scenario's)" },
    every: { value: "MINUTES", doc: "interval of the rows (default: 30)" },
    fault: {
      value: "NAME@H:MM[+H:MM]",
      doc: "a fault that starts at a time, with an optional duration; separate several with commas",
    },
    seed: { value: "N", doc: "seed of all random values (default: the scenario's)" },
    format: { value: "FORMAT", doc: "table, jsonl or csv (default: table)" },
  },
  notes: `
SCENARIO is a name (default: day) or the path of a JSON file. The firmware is the same as on a Pi; it runs on a virtual
hat in a simulated room, and a day takes seconds. Exit code 1 if an expectation of the scenario was not met.

The format of a scenario file:
${scenarioFormat}`,
  run: play,
};

async function play(args: Arguments): Promise<number> {
  if (args.has("list")) return print(listing());
  const [name = "day", second] = args.words;
  if (second !== undefined)
    throw new StartupError(
      exitCodes.usage,
      `one scenario at a time: ${name}, or ${second}?`,
      "Run the other after it.",
    );
  if (args.has("print")) return print(textOf(name).trimEnd());
  const format = formats[oneOf(args, "format", ["table", "jsonl", "csv"], "table")];
  const scenario = withFlags(readScenario(name), args);
  // All validation comes before the first line of output.
  const every = minutes(positive(args, "every", 30));
  const progress = showProgress(scenario.duration);
  printLine(format.head(scenario));
  const startedAt = performance.now();
  const result = await simulate({
    scenario,
    every,
    onRow: (row) => {
      progress(row.atMs);
      printLine(format.row(row));
    },
    onEvent: (atMs, event) => printLine(format.event(atMs, event)),
    onAction: (atMs, action) => printLine(format.action(atMs, action)),
    onUnmet: (atMs, wrong) => printLine(format.unmet(atMs, wrong)),
  });
  progress(undefined);
  printLine(format.end(result, performance.now() - startedAt));
  return result.unmet === 0 ? exitCodes.ok : exitCodes.findings;
}

function readScenario(name: string): Scenario {
  const parsed = parseScenario(textOf(name));
  if (parsed.ok) return parsed.scenario;
  const problems = parsed.problems.map((problem) => `${name}:${problem}`).join("\n");
  throw new StartupError(exitCodes.configuration, problems, "The format: grove-heater simulate --help");
}

/** The shipped scenarios have a few thousand bytes. */
const maxScenarioBytes = 1_000_000;

function textOf(name: string): string {
  if (isScenarioName(name)) return scenarioText(name);
  const text = readFile(name);
  if (text !== undefined) return text;
  const meant = nearest(name, scenarioNames);
  throw new StartupError(
    exitCodes.usage,
    `There is no scenario and no file "${name}".`,
    `${meant ? `Did you mean ${meant}? ` : ""}See: grove-heater simulate --list`,
  );
}

function readFile(name: string): string | undefined {
  try {
    return readSmallFile(name, { limit: maxScenarioBytes });
  } catch (cause) {
    if (!(cause instanceof SmallFileError)) throw cause;
    throw new StartupError(
      exitCodes.usage,
      `${name} ${cause.problem}.`,
      "Name a scenario or its file: grove-heater simulate --list",
      { cause },
    );
  }
}

function withFlags(scenario: Scenario, args: Arguments): Scenario {
  const duration = args.value("hours") === undefined ? scenario.duration : hours(positive(args, "hours", 0));
  const seed = args.value("seed") === undefined ? scenario.seed : Math.floor(positive(args, "seed", 0));
  const faults = (args.value("fault") ?? "").split(",").filter(Boolean).map(readFault);
  const timeline = [...scenario.timeline, ...faults].sort((a, b) => a.at - b.at);
  return { ...scenario, duration, seed, timeline };
}

/** `NAME@H:MM` or `NAME@H:MM+H:MM` */
function readFault(text: string): TimedAction {
  const match = /^([a-z-]+)@(\d{1,4}):(\d\d)(?:\+(\d{1,4}):(\d\d))?$/.exec(text);
  const name = match?.[1] ?? text.split("@")[0] ?? "";
  if (match === null || !isHatFault(name)) {
    const meant = nearest(name, hatFaultNames);
    if (!isHatFault(name))
      throw new StartupError(
        exitCodes.usage,
        `There is no fault "${name}".`,
        `${meant ? `Did you mean ${meant}? ` : ""}Faults: ${hatFaultNames.join(", ")}.`,
      );
    throw new StartupError(
      exitCodes.usage,
      `--fault ${text} is not NAME@H:MM[+H:MM].`,
      `For example: --fault ${name}@1:30+0:10`,
    );
  }
  const time = (h: string | undefined, m: string | undefined): Millis =>
    millis(hours(Number(h)) + minutes(Number(m)));
  const duration = match[4] === undefined ? undefined : time(match[4], match[5]);
  return {
    at: time(match[2], match[3]),
    every: undefined,
    action: { do: "fault", fault: name, limits: { duration } },
  };
}

function positive(args: Arguments, flag: string, fallback: number): number {
  const text = args.value(flag);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (value > 0 && value <= 100_000) return value;
  throw new StartupError(
    exitCodes.usage,
    `--${flag} ${text} is not a number above 0.`,
    `For example: --${flag} 24`,
  );
}

function listing(): string {
  const width = Math.max(...scenarioNames.map((name) => name.length)) + 2;
  const rows = scenarioNames.map((name) => `  ${name.padEnd(width)}${builtInScenario(name).about}`);
  const faults = Object.entries(hatFaults).map(([name, about]) => `  ${name.padEnd(width)}${about}`);
  return `Scenarios\n${rows.join("\n")}\n\nFaults\n${faults.join("\n")}`;
}

/** Only on a terminal, and on standard error, because the rows may be redirected to a file. */
function showProgress(duration: Millis): (atMs: Millis | undefined) => void {
  if (!process.stderr.isTTY || process.stdout.isTTY) return () => {};
  return (atMs) => {
    const text = atMs === undefined ? "" : `${Math.round((100 * atMs) / duration)} %`;
    process.stderr.write(`\r\x1b[K${text}`);
  };
}

function printLine(line: string | undefined): void {
  if (line !== undefined) process.stdout.write(`${line}\n`);
}
