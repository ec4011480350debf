/** What the kernel says of processes. Linux. */
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";

/** Memory that is in RAM now, code that is shared with others included. */
export const residentKiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

/** What the process would free by its end: its own memory, and its share of what it has in common with others. */
export const proportionalKiB = (pid: number): number =>
  Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]);

/** Time that the process has used a core, in ms (proc_pid_stat(5), utime and stime in ticks of 10 ms). */
export function processorMs(pid: number): number {
  // The name, in parentheses, may hold anything.
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** What it has handed to the block layer (proc_pid_io(5)); 0 where the kernel does not say. */
export function writtenBytes(pid: number): number {
  try {
    return Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** The process and all that it has started, directly or not. */
export function familyOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return [pid, ...(children === "" ? [] : children.split(" ").flatMap((child) => familyOf(Number(child))))];
}

export function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error("could not start a process");
  return pid;
}

/** The control loop below a guardian. */
export function loopOf(guardian: ChildProcess): number {
  const pid = pidOf(guardian);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  const loop = children.find((child) => readFileSync(`/proc/${child}/cmdline`, "latin1").includes("loop.js"));
  if (loop === undefined) throw new Error("there is no control loop");
  return Number(loop);
}

/** How long the main thread of this process was ready to run and had no core, in ms; 0 where the kernel does not say. */
export function waitedForCore(): number {
  try {
    return Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}
