/**
 * Locks of the kernel on open files, by flock(2).
 *
 * Guarantee: a lock belongs to the open file description, so it is held as long as any process has that descriptor
 * (this one, and those that inherited it), and the kernel drops it with the last of them, by whatever way they end.
 * There is no stale lock, not after kill -9 and not after a power cut, and no process number is ever compared: numbers
 * are used again, and differ between pid namespaces.
 *
 * Node has no flock. The program of util-linux (Essential in Debian; BusyBox has one too) takes the lock on a descriptor
 * that it inherits, and exits: the description, and so the lock, is ours.
 */
import { spawnSync } from "node:child_process";
import { reasonOf } from "../errors.ts";

export type LockMode = "exclusive" | "shared";

/** `failed`: nobody can tell whether it is held; the cause in words. */
export type LockOutcome = "locked" | "busy" | { readonly failed: string };

/** More than a slow card takes to load a program of 30 KB. */
const maxRunMs = 5000;
/** flock(1): the status when the lock is held by somebody else. Failures have those of sysexits.h, from 64 on. */
const conflict = 1;
/** Where a service or a cron job has no PATH. */
const usualPath = "/usr/local/bin:/usr/bin:/bin";

/** Takes the lock on an open file or folder, or finds it held; never waits for it. Closing the descriptor drops it. */
export function lockOpenFile(file: number, mode: LockMode = "exclusive"): LockOutcome {
  const { status, error, signal } = spawnSync("flock", [mode === "shared" ? "-s" : "-x", "-n", "3"], {
    stdio: ["ignore", "ignore", "ignore", file],
    env: { PATH: process.env["PATH"] ?? usualPath },
    timeout: maxRunMs,
    killSignal: "SIGKILL",
  });
  if (status === 0) return "locked";
  if (status === conflict) return "busy";
  if (error) return { failed: `the program flock cannot be started (${reasonOf(error)})` };
  return { failed: `the program flock failed (${signal ?? `exit code ${status}`})` };
}
