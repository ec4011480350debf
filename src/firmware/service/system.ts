/**
 * The machine that a service is installed on: its files below a root folder, its user, and its tools, run one
 * at a time.
 *
 * Guarantee: `run` never throws and always ends; it also returns a result for a tool that is missing or
 * hangs.
 */
import { spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import { replaceFileDurablySync } from "../../base/files/atomic-file.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import { systemClock } from "../process/system-clock.ts";

export interface RunResult {
  /** The exit code; `undefined` when it could not be run or did not end. */
  readonly code: number | undefined;
  /** What it printed, on both streams. */
  readonly out: string;
}

export interface RunOptions {
  /** Another user and group, by id. */
  readonly as?: { readonly uid: number; readonly gid: number };
  /** Time limit in seconds; default: one minute. */
  readonly limit?: number;
}

export interface System {
  /** User id of this process. */
  readonly uid: number;
  readonly clock: Clock;
  /** The real path of one of its paths; they differ only where its root is a folder, as in tests. */
  at(path: string): string;
  run(program: string, args: readonly string[], options?: RunOptions): RunResult;
  /** Prints one line of progress for a person. */
  print(line: string): void;
}

export function systemOfThisMachine(print: (line: string) => void): System {
  return { uid: process.getuid?.() ?? 0, clock: systemClock, at: (path) => path, run, print };
}

function run(program: string, args: readonly string[], { as, limit = 60 }: RunOptions = {}): RunResult {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: limit * 1000,
    killSignal: "SIGKILL",
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" },
    cwd: "/",
    ...as,
  });
  const out = `${stdout ?? ""}${stderr ?? ""}`.trim();
  return { code: status ?? undefined, out: error === undefined ? out : `${out} ${reasonOf(error)}`.trim() };
}

const maxFileBytes = 256 * 1024;

/**
 * Every user may read the file, and only root may write it; it is on the disk afterwards. @returns whether it
 * changed. @throws the system's error
 */
export function putFile(system: System, path: string, text: string, mode = 0o644): boolean {
  const file = system.at(path);
  if (readText(system, path) === text) return false;
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  replaceFileDurablySync(file, text, mode);
  return true;
}

/** @returns `undefined` when it does not exist or cannot be read */
export function readText(system: System, path: string): string | undefined {
  try {
    return readSmallFile(system.at(path), { limit: maxFileBytes });
  } catch {
    return undefined;
  }
}

/** File names, sorted; empty where there is no such folder. */
export function filesIn(system: System, folder: string): string[] {
  try {
    return readdirSync(system.at(folder)).toSorted();
  } catch {
    return [];
  }
}

/** @returns whether it existed. @throws the system's error */
export function removePath(system: System, path: string): boolean {
  const file = system.at(path);
  // A link whose target is missing exists too.
  const existed = lstatSync(file, { throwIfNoEntry: false }) !== undefined;
  rmSync(file, { recursive: true, force: true });
  return existed;
}

/** The paths of the program and its files, on every machine that has the service. */
export const unitName = "grove-heater.service";
export const places = {
  program: "/opt/grove-heater",
  current: "/opt/grove-heater/current",
  command: "/usr/local/bin/grove-heater",
  unit: `/etc/systemd/system/${unitName}`,
  udevRules: "/etc/udev/rules.d/70-grove-heater.rules",
  modules: "/etc/modules-load.d/grove-heater.conf",
  journal: "/etc/systemd/journald.conf.d/grove-heater.conf",
  runtime: "/run/grove-heater",
  /** The processes of its control group (cgroups(7)); every user may read the file. */
  processes: `/sys/fs/cgroup/system.slice/${unitName}/cgroup.procs`,
  data: "/var/lib/private/grove-heater",
  /** systemd's link to it: systemd.exec(5), DynamicUser=. */
  dataLink: "/var/lib/grove-heater",
  environment: "/etc/grove-heater.env",
  /** Encrypted by systemd-creds(1); the names of our files begin with the service's name. */
  secrets: "/etc/credstore.encrypted",
} as const;

export const nodeIn = (folder: string): string => join(folder, "bin", "node");
