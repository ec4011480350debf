/**
 * The installed service as systemd and its own loop tell about it.
 *
 * Guarantee: asks and changes nothing; what is not told is `undefined`, not a guess.
 */
import { join } from "node:path";
import { exitMeanings } from "../process/exit-codes.ts";
import { type RunningStatus, readRunningStatus, statusFileIn } from "./running-status.ts";
import { places, readText, type System, unitName } from "./system.ts";

export interface UnitState {
  /** There is a unit of this name. */
  readonly installed: boolean;
  /** As systemctl(1) has them: "active", "running"; "activating", "auto-restart" … */
  readonly active: string;
  readonly sub: string;
  readonly enabled: boolean;
  /** Since when it is so, as systemd prints it. */
  readonly since: string | undefined;
  /** Of the guardian, while it runs. */
  readonly mainPid: number | undefined;
  /** Restarts by systemd since it was started by a person. */
  readonly restarts: number;
  /** How it ended the last time, in words. */
  readonly lastEnd: string | undefined;
  /** What its loop says of itself, while it runs. */
  readonly running: RunningStatus | undefined;
}

const properties = [
  ...[
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "StateChangeTimestamp",
    "MainPID",
    "NRestarts",
  ],
  ...["ExecMainCode", "ExecMainStatus", "ExecMainExitTimestamp", "Result"],
];

export function unitState(system: System): UnitState {
  const { out } = system.run("systemctl", ["show", unitName, `--property=${properties.join(",")}`]);
  const told = new Map(
    out.split("\n").map((line) => {
      const [name = "", ...value] = line.split("=");
      return [name, value.join("=")];
    }),
  );
  const active = told.get("ActiveState") || "unknown";
  const mainPid = Number(told.get("MainPID") ?? 0);
  return {
    installed: told.get("LoadState") === "loaded" && readText(system, places.unit) !== undefined,
    active,
    sub: told.get("SubState") || "unknown",
    enabled: told.get("UnitFileState") === "enabled",
    since: told.get("StateChangeTimestamp") || undefined,
    mainPid: mainPid > 0 ? mainPid : undefined,
    restarts: Number(told.get("NRestarts") ?? 0) || 0,
    lastEnd: lastEnd(told),
    running: readRunningStatus(
      system.at(statusFileIn(places.runtime)),
      readText(system, places.processes) ?? "",
    ),
  };
}

/** CLD_EXITED, CLD_KILLED, CLD_DUMPED of waitid(2). */
const exited = "1";

function lastEnd(told: ReadonlyMap<string, string>): string | undefined {
  const status = told.get("ExecMainStatus") ?? "0";
  const result = told.get("Result") ?? "success";
  const at = told.get("ExecMainExitTimestamp");
  if (!at) return undefined;
  if (result === "watchdog") return "its guardian hung, and systemd ended it";
  if (result === "oom-kill") return "it was ended because memory ran out";
  if (told.get("ExecMainCode") !== exited) return `signal ${status}`;
  const meaning =
    exitMeanings[Number(status)] ?? systemdMeanings[Number(status)] ?? "not one of its own codes";
  return `exit code ${status}: ${meaning}`;
}

/** Codes of systemd itself, for a service that it could not start: systemd.exec(5), "PROCESS EXIT CODES". */
const systemdMeanings: Readonly<Record<number, string>> = {
  200: "its folder cannot be entered",
  203: "its Node.js cannot be executed",
  216: "its group does not exist",
  217: "its user does not exist",
  226: "its sandbox cannot be set up",
  238: "its data folder cannot be made",
  243: "its credentials cannot be read",
};

/** The newest lines of its log, for a person; none where they cannot be read. */
export function lastLines(system: System, count: number): string[] {
  const { code, out } = system.run("journalctl", [
    "-u",
    unitName,
    "-n",
    String(count),
    "-o",
    "cat",
    "--no-pager",
  ]);
  return code === 0 ? out.split("\n").filter((line) => line !== "") : [];
}

/** The systemd unit that a process belongs to, by its control group (cgroups(7)); `undefined`: none, or unknown. */
export function unitOfProcess(system: System, pid: number): string | undefined {
  const groups = readText(system, join("/proc", String(pid), "cgroup")) ?? "";
  return /\/([^/\n]+\.service)(?:\/|$)/m.exec(groups)?.[1];
}

/** The board that the installed unit names; "auto" where there is none. */
export function boardOfUnit(system: System): string {
  const text = readText(system, places.unit) ?? "";
  return /^ExecStart=.* --board "?([^"\n ]+)/m.exec(text)?.[1] ?? "auto";
}
