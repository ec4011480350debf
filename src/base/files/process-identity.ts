/**
 * Identifies a process: its number is used again later, but with its start time and the boot it is unique.
 *
 * Guarantee: a process that has ended and was not reaped by its parent yet (a zombie) counts as ended: it
 * holds no resources. In a container whose first process reaps none it stays for ever.
 */
import { readFileSync } from "node:fs";
import { errnoOf } from "../errors.ts";

/** proc(5), /proc/pid/stat, field 3: zombie, dead. */
const endedStates = ["Z", "X", "x"];

/**
 * @returns when a living process started, in ticks since the boot; "hidden" for one that lives and whose start this
 * user or this system does not show; `undefined` when no such process lives
 */
export function startOfProcess(pid: number): number | "hidden" | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 2, the program's name, may contain blanks and brackets; field 22 is the start.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return endedStates.includes(fields[0] ?? "") ? undefined : Number(fields[19]);
  } catch {
    return isAlive(pid) ? "hidden" : undefined;
  }
}

/** The kernel's id of this boot; empty where the system has none. */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

function isAlive(pid: number): boolean {
  // Zero and negative numbers would mean a process group.
  if (!Number.isInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === "EPERM";
  }
}
