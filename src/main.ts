#!/usr/bin/env node
/** The program's entry: finds the verb, loads it alone, and turns every failure into one clear message. */

import { helpText, readArguments, type Verb } from "./commands/verb.ts";
import { nearest } from "./control/nearest.ts";
import { exitCodes, StartupError } from "./firmware/exit-codes.ts";

interface Entry {
  readonly summary: string;
  load(): Promise<{ readonly verb: Verb }>;
}

/** Loaded one at a time: the guardian must stay small and start fast. */
const verbs: Readonly<Record<string, Entry>> = {
  run: { summary: "Run the heater controller (the default)", load: () => import("./commands/run.ts") },
  simulate: { summary: "Play a scenario in virtual time", load: () => import("./commands/simulate.ts") },
  doctor: { summary: "Check this machine and say what to mend", load: () => import("./commands/doctor.ts") },
  board: { summary: "Show the boards and their wiring", load: () => import("./commands/board.ts") },
  manifest: {
    summary: "Check the manifest, or print the systemd unit",
    load: () => import("./commands/manifest.ts"),
  },
  settings: { summary: "Show or check the settings", load: () => import("./commands/settings.ts") },
  relay: { summary: "Force the relay off", load: () => import("./commands/relay.ts") },
};
/** The guardian's child; not for people. */
const hidden: Readonly<Record<string, Entry>> = {
  loop: { summary: "The control loop itself", load: () => import("./commands/loop.ts") },
};

async function main(argv: readonly string[]): Promise<number> {
  const [first] = argv;
  if (first === "help" || ((first === "--help" || first === "-h") && argv.length === 1)) {
    const topic = argv[1];
    if (topic === undefined) return print(overview());
    return print(helpText((await find(topic).load()).verb));
  }
  if (first === "--version" || first === "version") {
    const { firmwareVersion } = await import("./firmware/package-root.ts");
    return print(`${firmwareVersion()}\n`);
  }
  const named = first !== undefined && !first.startsWith("-");
  const { verb } = await find(named ? first : "run").load();
  const rest = named ? argv.slice(1) : argv;
  if (rest.includes("--help") || rest.includes("-h")) return print(helpText(verb));
  return await verb.run(readArguments(verb, rest));
}

function find(name: string): Entry {
  const entry = Object.hasOwn(verbs, name)
    ? verbs[name]
    : Object.hasOwn(hidden, name)
      ? hidden[name]
      : undefined;
  if (entry !== undefined) return entry;
  const meant = nearest(name, Object.keys(verbs));
  throw new StartupError(
    exitCodes.usage,
    `There is no command "${name}".`,
    `${meant ? `Did you mean "${meant}"? ` : ""}See: grove-heater --help`,
  );
}

function overview(): string {
  const rows = Object.entries(verbs).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
  const codes = Object.entries(exitCodes).map(([name, code]) => `${code} ${name}`);
  return [
    "grove-heater: heater controller for a Raspberry Pi with a Grove Base Hat, or for no hardware at all",
    "\nUsage: grove-heater [COMMAND] [FLAGS]      (npm start -- [COMMAND] [FLAGS])\n",
    ...rows,
    "\n  COMMAND --help  shows its flags; --version the version",
    `\nExit codes: ${codes.join(", ")}\n`,
  ].join("\n");
}

function print(text: string): number {
  process.stdout.write(text);
  return exitCodes.ok;
}

function explain(error: unknown): number {
  if (error instanceof StartupError) {
    process.stderr.write(`grove-heater: ${error.message}\n  ${error.remedy}\n`);
    return error.exitCode;
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`grove-heater: this is a bug, please report it:\n${detail}\n`);
  return exitCodes.internal;
}

process.exitCode = await main(process.argv.slice(2)).catch(explain);
