/**
 * The state of the installed service, as systemd and its own loop report it.
 *
 * Guarantee: changes nothing; what is not reported is `undefined` and not guessed.
 */
import { join } from "node:path";
import { exitMeanings } from "../process/exit-codes.ts";
import { type RunningStatus, readRunningStatus, statusFileIn } from "./running-status.ts";
import { places, readText, type System, unitName } from "./system.ts";

export interface UnitState {
  /** A unit with this name exists. */
  readonly installed: boolean;
  /** As in systemctl(1): "active", "running"; "activating", "auto-restart" … */
  readonly active: string;
  readonly sub: string;
  readonly enabled: boolean;
  /** When the state last changed, as systemd prints it. */
  readonly since: string | undefined;
  /** Process id of the guardian, while it runs. */
  readonly mainPid: number | undefined;
  /** Restarts by systemd since a person started it. */
  readonly restarts: number;
  /** Why it last ended, as text. */
  readonly lastEnd: string | undefined;
  /** The status that its loop reports, while it runs. */
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
  const values = new Map(
    out.split("\n").map((line) => {
      const [name = "", ...value] = line.split("=");
      return [name, value.join("=")];
    }),
  );
  const active = values.get("ActiveState") || "unknown";
  const mainPid = Number(values.get("MainPID") ?? 0);
  return {
    installed: values.get("LoadState") === "loaded" && readText(system, places.unit) !== undefined,
    active,
    sub: values.get("SubState") || "unknown",
    enabled: values.get("UnitFileState") === "enabled",
    since: values.get("StateChangeTimestamp") || undefined,
    mainPid: mainPid > 0 ? mainPid : undefined,
    restarts: Number(values.get("NRestarts") ?? 0) || 0,
    lastEnd: lastEnd(values),
    running: readRunningStatus(
      system.at(statusFileIn(places.runtime)),
      readText(system, places.processes) ?? "",
    ),
  };
}

/** It runs, its loop has decided about the relay, and no fault is active. */
export const isHealthy = ({ active, running }: Pick<UnitState, "active" | "running">): boolean =>
  active === "active" && running?.decidedAfterMs !== undefined && running.faults.length === 0;

/** CLD_EXITED, CLD_KILLED, CLD_DUMPED of waitid(2). */
const exited = "1";

function lastEnd(values: ReadonlyMap<string, string>): string | undefined {
  const status = values.get("ExecMainStatus") ?? "0";
  const result = values.get("Result") ?? "success";
  const at = values.get("ExecMainExitTimestamp");
  if (!at) return undefined;
  if (result === "watchdog") return "its guardian hung, so systemd killed it";
  if (result === "oom-kill") return "it was killed because memory ran out";
  if (values.get("ExecMainCode") !== exited) return `signal ${status}`;
  const meaning =
    exitMeanings[Number(status)] ?? systemdMeanings[Number(status)] ?? "not one of its own codes";
  return `exit code ${status}: ${meaning}`;
}

/** systemd's own codes for a service that it could not start: systemd.exec(5), "PROCESS EXIT CODES". */
const systemdMeanings: Readonly<Record<number, string>> = {
  200: "its folder cannot be entered",
  203: "its Node.js cannot be executed",
  216: "its group does not exist",
  217: "its user does not exist",
  226: "its sandbox cannot be set up",
  238: "its data folder cannot be created",
  243: "its credentials cannot be read",
};

/** The newest lines of its log, for a person; empty where they cannot be read. */
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

/** The systemd unit of a process, from its control group (cgroups(7)); `undefined`: none, or unknown. */
export function unitOfProcess(system: System, pid: number): string | undefined {
  const groups = readText(system, join("/proc", String(pid), "cgroup")) ?? "";
  return /\/([^/\n]+\.service)(?:\/|$)/m.exec(groups)?.[1];
}

/** The board that the installed unit names; "auto" where it names none. */
export function boardOfUnit(system: System): string {
  const text = readText(system, places.unit) ?? "";
  return /^ExecStart=.* --board "?([^"\n ]+)/m.exec(text)?.[1] ?? "auto";
}
