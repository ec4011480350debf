/**
 * Locks an outbox for one process: when the loop is killed, its cloud process may outlive it briefly.
 *
 * Guarantee: the lock contains process id, start time and boot id of the holder, so that neither another process with
 * the same id nor a power cut leaves a stale lock. A lock without a living holder is replaced.
 */
import { lstatSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { errnoOf } from "../../../base/errors.ts";
import { bootId, startOfProcess } from "../../../base/files/process-identity.ts";

/** @returns the function that unlocks; `undefined` when a living process holds the lock. @throws the disk's errors */
export function lockFolder(file: string): (() => void) | undefined {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      // A symbolic link is created atomically with its content, and needs no block on a full disk.
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

/** `undefined` when no such process lives. */
function identityOf(pid: number): string | undefined {
  const start = startOfProcess(pid);
  return start === undefined ? undefined : `${pid} ${start} ${bootId()}`;
}
