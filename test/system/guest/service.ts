/** The service from outside: what a person types, its processes by their control group, and the relay's line. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { RELAY } from "../../kernel/guest/hat.ts";
import type { Machine } from "../../kernel/guest/machine.ts";
import { until } from "../../kernel/guest/until.ts";

/** A start of the whole service takes some seconds of the machine's time, and the shortest off time ten. */
export const patienceMs = 60_000;
export const unit = "grove-heater.service";
export const controlGroup = `/sys/fs/cgroup/system.slice/${unit}`;
export const group = `${controlGroup}/cgroup.procs`;
export const dataFolder = "/var/lib/private/grove-heater";

/** The shortest times that the settings allow. */
const settings = { minimumOnSeconds: 10, minimumOffSeconds: 10, sensorPeriodSeconds: 1 };

export interface Said {
  readonly code: number | null;
  readonly output: string;
}

function run(program: string, args: readonly string[], input = ""): Said {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: 300_000, input });
  return { code: status, output: `${stdout}${stderr}` };
}

/** A line as the ordinary user types it, at home in the checkout. @param input what is typed after it */
export const typed = (line: string, input = ""): Said =>
  run("runuser", ["-u", "pi", "--", "/bin/bash", "-lc", `cd ~/grove-heater && ${line}`], input);

export const asRoot = (line: string): Said => run("/bin/sh", ["-c", line]);

/** @throws AssertionError with what it printed */
export function succeeds(said: Said): string {
  assert.equal(said.code, 0, said.output);
  return said.output;
}

export const systemctl = (...args: string[]): string => succeeds(run("systemctl", args));

export const shown = (property: string): string =>
  systemctl("show", unit, `--property=${property}`, "--value").trim();

export type Role = "guardian" | "loop" | "other";

function roleOf(pid: number): Role {
  const words = readFileSync(`/proc/${pid}/cmdline`, "latin1");
  if (words.includes("loop.js")) return "loop";
  return words.includes("main.js\0run") ? "guardian" : "other";
}

/** Processes of the service by what they do. */
export function processes(): Map<Role, number> {
  const found = new Map<Role, number>();
  for (const pid of readFileSync(group, "utf8").split("\n").filter(Boolean).map(Number)) {
    try {
      found.set(roleOf(pid), pid);
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

export function pidOf(role: Role): number {
  const pid = processes().get(role);
  if (pid === undefined) throw new Error(`there is no ${role}`);
  return pid;
}

export interface Told {
  readonly decidedAfterMs?: number;
  readonly heater: boolean;
  readonly target: number;
  readonly pid: number;
  readonly faults: readonly string[];
}

/** What the loop tells everybody on this machine. */
export const told = (): Told => JSON.parse(readFileSync("/run/grove-heater/status.json", "utf8"));

/**
 * The last lines of the service in the journal: read without its tools, because the disk with them may be gone. What was
 * written last is still in memory.
 */
export function latestLog(count = 25): string[] {
  const lines: string[] = [];
  for (const folder of ["/run/log/journal", "/var/log/journal"]) {
    try {
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        if (!name.endsWith(".journal")) continue;
        const text = readFileSync(`${folder}/${name}`, "latin1");
        for (const [, line = ""] of text.matchAll(/MESSAGE=(\{[\x20-\xff]{1,400})/g)) lines.push(line);
      }
    } catch (error) {
      lines.push(String(error));
    }
  }
  return lines.slice(-count);
}

/** Time of this machine in ms, as the module notes it. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Writes the settings and starts the service anew. */
export function useShortTimes(more: object = {}): void {
  writeFileSync(`${dataFolder}/settings.json`, JSON.stringify({ ...settings, ...more }), { flush: true });
  systemctl("restart", unit);
}

export const relayIs = (machine: Machine, level: 0 | 1, limitMs = patienceMs): Promise<true> =>
  until(
    `the relay's line to be ${level}`,
    () => machine.line(RELAY)?.level === level || undefined,
    limitMs,
  ).then(() => true);

export const signal = (name: NodeJS.Signals, ...pids: readonly number[]): void => {
  for (const pid of pids) process.kill(pid, name);
};

export const milliseconds = (ms: number): string =>
  ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(1)} s`;
