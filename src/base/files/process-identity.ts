/**
 * Which process a number means: with its start time and the boot it is one process and no other.
 *
 * Guarantee: a process that has ended and that its parent has not asked for yet (a zombie) counts as ended: it holds
 * nothing any more. In a container whose first process asks for nobody it stays for ever.
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
  // Zero and below would mean a group.
  if (!Number.isInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === "EPERM";
  }
}
