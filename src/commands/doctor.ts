/** `doctor`: checks everything that the heater needs and says what to fix; switches nothing. */
import { existsSync } from "node:fs";
import { loadCredentials } from "../azure/credentials/load.ts";
import { systemPrivateFiles } from "../azure/credentials/private-files.ts";
import { examine, systemDrivers } from "../firmware/doctor/examine.ts";
import { type Finding, type FindingStatus, tally } from "../firmware/doctor/finding.ts";
import { systemMachine } from "../firmware/doctor/machine.ts";
import { reachBroker } from "../firmware/home-assistant-process/examine-broker.ts";
import { readMqttSettings } from "../firmware/home-assistant-process/mqtt-file.ts";
import { exitCodes } from "../firmware/process/exit-codes.ts";
import { firmwareVersion, packageRoot } from "../firmware/process/package-root.ts";
import { systemClock } from "../firmware/process/system-clock.ts";
import { unitOfThisProgram } from "../firmware/service/install.ts";
import { places, systemOfThisMachine } from "../firmware/service/system.ts";
import { describeDataFolder } from "../firmware/storage/data-folder.ts";
import { keysFolder } from "../firmware/update/places.ts";
import { readContext, wantsColour } from "./line/context.ts";
import { sharedFlags, type Verb } from "./line/verb.ts";

const { data, settings, board, json } = sharedFlags;

export const verb: Verb = {
  name: "doctor",
  summary: "Check this machine and say what to fix",
  usage: "doctor [FLAGS]",
  flags: { data, settings, board, json },
  notes: `
✓ ok   ! warning   ✗ problem   – skipped, and why
Nothing is switched or written. Parts on the I²C bus are checked only while the firmware does not run. An installed
service is checked as well; with sudo also its settings and state, instead of your own.
Without a Raspberry Pi the hardware checks are skipped; --board grove-heater-pi runs them anyway.
Exit code 0 if there is no problem, 1 otherwise.`,
  async run(args) {
    const context = readContext(args);
    const asRoot = process.getuid?.() === 0 && args.value("data") === undefined;
    const data = asRoot && isInstalled() ? describeDataFolder(places.data) : context.data;
    const settingsFile = context.settingsFile.named
      ? context.settingsFile
      : { path: data.settingsFile, named: false };
    const findings = await examine({
      machine: systemMachine(),
      clock: systemClock,
      data,
      settingsFile,
      keysFolder: keysFolder(data.path === places.data ? places.current : packageRoot),
      version: firmwareVersion(),
      unit: () =>
        unitOfThisProgram(
          systemOfThisMachine(() => {}),
          args.value("board"),
        ),
      board: args.value("board"),
      drivers: systemDrivers(systemClock),
      credentials: () =>
        loadCredentials({ dataPath: data.path, env: process.env, files: systemPrivateFiles }),
      broker: {
        load: () => readMqttSettings({ dataPath: data.path, env: process.env, files: systemPrivateFiles }),
        reach: (access) => reachBroker(access, systemClock),
      },
    });
    const ok = tally(findings).fail === 0;
    const text = args.has("json")
      ? JSON.stringify({ findings, ok }, null, 2)
      : report(findings, { colour: wantsColour(process.stdout), width: process.stdout.columns });
    process.stdout.write(`${text}\n`);
    return ok ? exitCodes.ok : exitCodes.findings;
  },
};

const isInstalled = (): boolean => existsSync(places.unit);

export interface ReportOptions {
  readonly colour: boolean;
  /** Maximum width in columns; `undefined`: lines are not wrapped. */
  readonly width: number | undefined;
}

/** SGR codes (ECMA-48, 8.3.117). */
const signs: Readonly<Record<FindingStatus, readonly [sign: string, colour: number]>> = {
  ok: ["✓", 32],
  warn: ["!", 33],
  fail: ["✗", 31],
  skip: ["–", 90],
};

/** A table of findings, each with its remedy below, and a summary line. */
export function report(findings: readonly Finding[], { colour, width }: ReportOptions): string {
  const paint = (text: string, code: number) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const rows = mergeSkips(findings);
  const checkWidth = Math.max(0, ...rows.map(({ check }) => check.length));
  const indent = " ".repeat(checkWidth + 4);
  const lines = rows.flatMap(({ check, status, detail, remedy }) => {
    const [sign, code] = signs[status];
    const [first = "", ...more] = wrap(detail, indent.length, width);
    const steps = remedy === undefined ? [] : wrap(remedy, indent.length + 2, width);
    return [
      `${paint(sign, code)} ${check.padEnd(checkWidth)}  ${first}`,
      ...more.map((line) => `${indent}${line}`),
      ...steps.map((line, index) => `${indent}${index === 0 ? "→" : " "} ${line}`),
    ];
  });
  const { ok, warn, fail, skip } = tally(findings);
  const skipped = skip === 0 ? "" : `; ${skip} skipped`;
  const summary = `${ok} ok, ${warn} warnings, ${fail} problems${skipped}`;
  return [`grove-heater ${firmwareVersion()} doctor\n`, ...lines, "", summary].join("\n");
}

/** Merges consecutive skipped checks with the same reason into one row. */
function mergeSkips(findings: readonly Finding[]): Finding[] {
  const groups: Finding[][] = [];
  for (const finding of findings) {
    const last = groups.at(-1);
    const isSame =
      finding.status === "skip" && last?.[0]?.status === "skip" && last[0].detail === finding.detail;
    if (isSame) last?.push(finding);
    else groups.push([finding]);
  }
  return groups.flatMap((group) => {
    const [first] = group;
    if (first === undefined || group.length === 1) return group;
    const names = group.map(({ check }) => check).join(", ");
    return [{ ...first, check: `${group.length} checks`, detail: `${first.detail} (${names})` }];
  });
}

/** Wraps a text at spaces; a word longer than a line is not split, so that it can be copied. */
function wrap(text: string, indent: number, width: number | undefined): string[] {
  const room = width === undefined ? Number.POSITIVE_INFINITY : Math.max(30, width - indent);
  return text.split("\n").flatMap((paragraph) => {
    const lines = [""];
    for (const word of paragraph.split(" ")) {
      const last = lines.at(-1) ?? "";
      if (last !== "" && last.length + 1 + word.length > room) lines.push(word);
      else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
    }
    return lines;
  });
}
