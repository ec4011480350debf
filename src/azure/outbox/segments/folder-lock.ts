/**
 * One process at a time writes an outbox: a loop that was killed may leave its cloud half behind for a moment.
 *
 * Guarantee: the holder is named with its process number, when that process started and in which boot, so that neither
 * another program with the same number nor a power cut makes a lock that nobody can take. A file that names no living
 * holder is replaced.
 */
import { lstatSync, readFileSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { errnoOf } from "../../../base/errors.ts";

/** @returns what gives it back; `undefined` when a living process has it. @throws the disk's own errors */
export function lockFolder(file: string): (() => void) | undefined {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      // A symbolic link is there with its content or not at all, and needs no block on a disk that is full.
      symlinkSync(identityOf(process.pid) ?? "nobody", file);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
      if (isHeld(file)) return undefined;
      rmSync(file, { recursive: true, force: true });
    }
  }
  return undefined;
}

function isHeld(file: string): boolean {
  if (!lstatSync(file).isSymbolicLink()) return false;
  const text = readlinkSync(file);
  return text === identityOf(Number.parseInt(text, 10));
}

/** `undefined` when there is no such process. */
function identityOf(pid: number): string | undefined {
  if (process.platform !== "linux") return isAlive(pid) ? `${pid}` : undefined;
  try {
    // proc(5): the 22nd field is the start time; the second, the program's name, may hold blanks and brackets.
    const started = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ")[19];
    return `${pid} ${started} ${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}`;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === "EPERM";
  }
}
