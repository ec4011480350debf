/** The program that the machine is for: one chapter for each start of it, from installing to removing. */
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { messageOf } from "../../../src/base/errors.ts";
import { Machine } from "../../kernel/guest/machine.ts";
import { hangUp, runScenario, type Scenario, say } from "../../kernel/guest/scenario.ts";
import { machineKinds } from "../../kernel/machine-kinds.ts";
import { type Plan, planNames, planParameter } from "../plans.ts";
import { backEnds, deaths, hangs, memoryDeaths, memoryForHeat, withoutSysfs } from "./death-scenarios.ts";
import { deadDisk, readOnlyDisk } from "./disk-scenarios.ts";
import { fieldLines } from "./field-scenarios.ts";
import {
  asInstalled,
  credentials,
  doctor,
  heats,
  heatsOffline,
  installing,
  nodeMissing,
  otherUnit,
  removing,
  upgrading,
} from "./install-scenarios.ts";
import { afterEnd, heatsAfterEnd, pressing, systemEnd } from "./power-scenarios.ts";
import { keep, kept } from "./progress.ts";
import { asRoot, latestLog, systemctl } from "./service.ts";
import { updates } from "./update-scenarios.ts";

interface Chapter {
  readonly scenarios: readonly Scenario[];
  /** "order": the last scenario has ended the system, and another start follows. */
  readonly end: "order" | "cut while pressing" | "power cut" | "the end";
}

/**
 * The first chapter of all: the rig plays it once and goes on with copies of its disk. The power is cut as soon as the
 * installation has said that the service runs.
 */
const install: Chapter = { scenarios: installing, end: "power cut" };
const orders: readonly Chapter[] = [
  { scenarios: [afterEnd, heatsOffline, systemEnd("reboot")], end: "order" },
  { scenarios: [afterEnd, systemEnd("power-off")], end: "order" },
];
const cut: Chapter = { scenarios: [afterEnd], end: "cut while pressing" };
const cuts: readonly Chapter[] = Array.from({ length: 10 }, () => cut);
const disks: Chapter = {
  scenarios: [afterEnd, heatsAfterEnd, ...readOnlyDisk, ...deadDisk],
  end: "power cut",
};
const diskBack: Chapter = { scenarios: [afterEnd, heatsAfterEnd], end: "the end" };
const plans: Readonly<Record<Plan, readonly Chapter[]>> = {
  deaths: [
    install,
    {
      scenarios: [
        ...[afterEnd, ...asInstalled, heats, ...deaths],
        ...[memoryForHeat, ...memoryDeaths, ...hangs, ...backEnds],
      ],
      end: "the end",
    },
  ],
  "deaths-chardev": [
    install,
    {
      scenarios: [afterEnd, heatsOffline, withoutSysfs, ...deaths, ...memoryDeaths, ...hangs, nodeMissing],
      end: "the end",
    },
  ],
  power: [
    install,
    ...orders,
    ...cuts,
    { scenarios: [afterEnd, heatsAfterEnd, nodeMissing, otherUnit, upgrading, removing], end: "the end" },
  ],
  "power-chardev": [
    install,
    ...orders,
    ...cuts,
    { scenarios: [afterEnd, heatsAfterEnd, removing], end: "the end" },
  ],
  disk: [install, disks, diskBack],
  "disk-chardev": [install, disks, diskBack],
  field: [
    install,
    { scenarios: [afterEnd, heats, doctor, credentials, ...fieldLines, ...updates], end: "the end" },
  ],
};

/** The same, whose failure also tells what the service wrote last. */
const withLog = (scenario: Scenario): Scenario => ({
  ...scenario,
  async run(machine) {
    try {
      return (await scenario.run(machine)) ?? undefined;
    } catch (error) {
      throw new Error([messageOf(error), ...latestLog()].join("\n"), { cause: error });
    }
  },
});

/** In the machine's time. */
const scenarioLimitMs = 300_000;

const commandLine = readFileSync("/proc/cmdline", "utf8").split(/\s/);
const plan = planNames.find((name) => commandLine.includes(`${planParameter}${name}`));
if (plan === undefined) throw new Error(`the kernel was not told what to show: ${commandLine.join(" ")}`);
const progress = kept();
const chapter = plans[plan][progress.chapter];
if (chapter === undefined) throw new Error(`there is no chapter ${progress.chapter}`);
// At once: the power may be cut, and the disk be gone, before all of it is shown.
keep({ ...progress, chapter: progress.chapter + 1 });
const sinceBootMs = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
say({ type: "ready", kernel: release(), node: process.version, sinceBootMs });
const machine = Machine.switchedOn(machineKinds["pi-4"]);
for (const scenario of chapter.scenarios)
  await runScenario({ limitMs: scenarioLimitMs, ...withLog(scenario) }, machine);
if (chapter.end === "the end") {
  hangUp();
  systemctl("poweroff");
} else if (chapter.end === "order") {
  say({ type: "next", by: "order" });
  // Where the order was not given, because the scenario failed before it.
  asRoot("systemctl --no-block reboot");
} else {
  // The rig cuts the power while this one runs.
  if (chapter.end === "cut while pressing") await runScenario(pressing, machine);
  say({ type: "next", by: "power cut" });
}
