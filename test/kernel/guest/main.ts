/** The program that a virtual machine is for: the scenarios of one kind of machine. */
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { machineKinds } from "../machine-kinds.ts";
import { type MachineName, machineNames, machineParameter, wordParameter } from "../protocol.ts";
import { charScenarios } from "./char-scenarios.ts";
import { busContract, lineContract } from "./contracts.ts";
import {
  crashScenarios,
  dayScenarios,
  pullScenarios,
  staleScenarios,
  stormScenarios,
  strangersScenario,
} from "./firmware-scenarios.ts";
import { Machine } from "./machine.ts";
import { packageScenarios } from "./packages.ts";
import { hangUp, runScenario, type Scenario, say } from "./scenario.ts";
import { timedScenarios } from "./timed-scenarios.ts";
import { updateScenarios } from "./update-scenarios.ts";

/** What takes long and does not depend on the machine runs on one of them only. */
const plan: Readonly<Record<MachineName, readonly Scenario[]>> = {
  "pi-4": [
    ...packageScenarios,
    ...lineContract,
    ...busContract,
    ...dayScenarios(stormScenarios),
    ...crashScenarios(),
  ],
  "pi-5": [
    ...packageScenarios,
    ...lineContract,
    ...dayScenarios(),
    ...timedScenarios(),
    ...staleScenarios(),
    strangersScenario(),
    ...updateScenarios(),
  ],
  "pi-5-chardev": [
    ...charScenarios,
    ...lineContract,
    ...dayScenarios(),
    ...pullScenarios(),
    ...crashScenarios(),
    ...timedScenarios(),
    strangersScenario(),
  ],
};

const commandLine = readFileSync("/proc/cmdline", "utf8").split(/\s/);
const name = machineNames.find((known) => commandLine.includes(`${machineParameter}${known}`));
if (name === undefined)
  throw new Error(`the kernel was not told which machine to be: ${commandLine.join(" ")}`);

const sinceBootMs = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
say({ type: "ready", kernel: release(), node: process.version, sinceBootMs });
const machine = Machine.switchOn(machineKinds[name]);
const [word = ""] = commandLine.flatMap((found) =>
  found.startsWith(wordParameter) ? [found.slice(wordParameter.length)] : [],
);
for (const scenario of plan[name].filter((known) => known.name.includes(word))) {
  await runScenario(scenario, machine);
  machine.endFaults();
}
hangUp();
// A firmware that a failed scenario left running must not keep this program alive.
process.exit();
