/**
 * Kernel locks on open files, by flock(2).
 *
 * Guarantee: a lock belongs to the open file description, so it lasts while any process has the descriptor (this one,
 * and those that inherited it), and the kernel releases it with the last of them. There is no stale lock, neither after
 * kill -9 nor after a power cut, and no process id is compared: ids are reused, and differ between pid namespaces.
 *
 * Node has no flock. A caller that has the native call passes it: that needs neither time nor memory for a
 * process. Otherwise the program of util-linux (Essential in Debian; also in BusyBox) takes the lock on an
 * inherited descriptor and exits: this process still has the description, and so the lock.
 */
import { spawnSync } from "node:child_process";
import { reasonOf } from "../errors.ts";

export type LockMode = "exclusive" | "shared";

/** `failed`: whether it is held is unknown; the text is the cause. */
export type LockOutcome = "locked" | "busy" | { readonly failed: string };

/** flock(2) without waiting. @returns `undefined` where the call is not available */
export type Flock = (file: number, mode: LockMode) => LockOutcome | undefined;

/** Longer than a slow card needs to load a program of 30 KB. */
const maxRunMs = 5000;
/** flock(1): exit status when another process holds the lock. Failures have those of sysexits.h, from 64 on. */
const conflict = 1;
/** For a service or a cron job without PATH. */
const usualPath = "/usr/local/bin:/usr/bin:/bin";

/** Tries to lock an open file or folder, without waiting. Closing the descriptor releases the lock. */
export function lockOpenFile(file: number, mode: LockMode = "exclusive", flock?: Flock): LockOutcome {
  return flock?.(file, mode) ?? lockByProgram(file, mode);
}

function lockByProgram(file: number, mode: LockMode): LockOutcome {
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
