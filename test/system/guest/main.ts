/** The program that the machine is for: one chapter for each start of it, from installing to removing. */
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { Machine } from "../../kernel/guest/machine.ts";
import { hangUp, runScenario, type Scenario, say } from "../../kernel/guest/scenario.ts";
import { machineKinds } from "../../kernel/machine-kinds.ts";
import { keep, kept } from "./progress.ts";
import {
  afterCut,
  deaths,
  hangs,
  installing,
  nodeMissing,
  pressing,
  removing,
  upgrading,
} from "./scenarios.ts";
import { systemctl, told } from "./service.ts";

interface Chapter {
  readonly scenarios: readonly Scenario[];
  readonly end: "reboot" | "power cut" | "removed";
}

const cut: Chapter = { scenarios: [afterCut, pressing], end: "power cut" };
const chapters: readonly Chapter[] = [
  { scenarios: [...installing, ...deaths, ...hangs, nodeMissing], end: "reboot" },
  cut,
  cut,
  cut,
  { scenarios: [afterCut, upgrading, removing], end: "removed" },
];

/** In the machine's time. */
const scenarioLimitMs = 300_000;

const progress = kept();
const chapter = chapters[progress.chapter];
if (chapter === undefined) throw new Error(`there is no chapter ${progress.chapter}`);
const sinceBootMs = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
say({ type: "ready", kernel: release(), node: process.version, sinceBootMs });
const machine = Machine.switchedOn(machineKinds["pi-4"]);
for (const scenario of chapter.scenarios) await runScenario(scenario, machine, scenarioLimitMs);
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
