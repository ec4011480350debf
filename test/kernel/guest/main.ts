/** The program that the virtual machine is for: every scenario on every kind of machine, then switch off. */
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { Machine, type MachineKind, PI_4, PI_5 } from "./machine.ts";
import { packageScenarios } from "./packages.ts";
import { hangUp, runScenario, type Scenario, say } from "./scenario.ts";

const PLAN: readonly (readonly [MachineKind, readonly Scenario[]])[] = [
  [PI_4, [...packageScenarios]],
  [PI_5, [...packageScenarios]],
];

const sinceBootMs = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
say({ type: "ready", kernel: release(), node: process.version, sinceBootMs });
for (const [kind, scenarios] of PLAN) {
  say({ type: "machine", name: `${kind.name} (${kind.label} at ${kind.base})` });
  const machine = Machine.switchOn(kind);
  for (const scenario of scenarios) {
    await runScenario(scenario, machine);
    machine.endFaults();
  }
  machine.switchOff();
}
hangUp();
