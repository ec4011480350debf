/** The program that the machine is for: one chapter for each start of it, from installing to removing. */
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { Machine } from "../../kernel/guest/machine.ts";
import { hangUp, runScenario, type Scenario, say } from "../../kernel/guest/scenario.ts";
import { machineKinds } from "../../kernel/machine-kinds.ts";
import { type Plan, planNames, planParameter } from "../plans.ts";
import { keep, kept } from "./progress.ts";
import {
  afterCut,
  characterDevice,
  credentials,
  deaths,
  doctor,
  hangs,
  heats,
  installed,
  installing,
  nodeMissing,
  otherUnit,
  pressing,
  removing,
  upgrading,
} from "./scenarios.ts";
import { systemctl, told } from "./service.ts";

interface Chapter {
  readonly scenarios: readonly Scenario[];
  readonly end: "reboot" | "power cut" | "the end";
}

const cut: Chapter = { scenarios: [afterCut, pressing], end: "power cut" };
/** Two machines at once, each with about half of what is to be shown. */
const plans: Readonly<Record<Plan, readonly Chapter[]>> = {
  kills: [{ scenarios: [...installing, ...deaths, ...characterDevice, ...hangs], end: "the end" }],
  restarts: [
    {
      scenarios: [installed, heats, doctor, nodeMissing, otherUnit, credentials],
      end: "reboot",
    },
    cut,
    cut,
    cut,
    { scenarios: [afterCut, upgrading, removing], end: "the end" },
  ],
};

/** In the machine's time. */
const scenarioLimitMs = 300_000;

const commandLine = readFileSync("/proc/cmdline", "utf8").split(/\s/);
const plan = planNames.find((name) => commandLine.includes(`${planParameter}${name}`));
if (plan === undefined) throw new Error(`the kernel was not told what to show: ${commandLine.join(" ")}`);
const progress = kept();
const chapter = plans[plan][progress.chapter];
if (chapter === undefined) throw new Error(`there is no chapter ${progress.chapter}`);
const sinceBootMs = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
say({ type: "ready", kernel: release(), node: process.version, sinceBootMs });
const machine = Machine.switchedOn(machineKinds["pi-4"]);
for (const scenario of chapter.scenarios)
  await runScenario({ limitMs: scenarioLimitMs, ...scenario }, machine);
keep({ ...kept(), chapter: progress.chapter + 1 });
if (chapter.end === "power cut") say({ type: "next", by: "power cut" });
else if (chapter.end === "reboot") {
  keep({ ...kept(), target: told().target });
  say({ type: "next", by: "reboot" });
  systemctl("reboot");
} else {
  hangUp();
  systemctl("poweroff");
}
