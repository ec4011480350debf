/** Starts the cloud half as a real process. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { cleanFlags, ownSession } from "../guardian/clean-node.ts";
import { packageRoot } from "../process/package-root.ts";
import { asksForSecrets, type HeldSecrets } from "../process/secret-handover.ts";
import type { CloudChild } from "./cloud-process.ts";

export interface SpawnOptions {
  readonly flags: readonly string[];
  readonly secrets: HeldSecrets;
  /** Nothing may be written over a live panel. */
  readonly quiet: boolean;
}

/** @throws Error when the system has no process to give */
export function spawnCloud({ flags, secrets, quiet }: SpawnOptions): CloudChild {
  const child = spawn(process.execPath, [...cleanFlags(), join(packageRoot, "dist", "cloud.js"), ...flags], {
    ...ownSession(),
    stdio: ["ignore", "ignore", quiet ? "ignore" : "inherit", "ipc"],
  });
  secrets.answer(child);
  return {
    pid: child.pid,
    send(message, done) {
      // A channel that is gone is an argument of the callback, not an exception.
      if (child.connected) child.send(message, (error) => done(error === null));
      else done(false);
    },
    onMessage: (listener) =>
      void child.on("message", (message) => asksForSecrets(message) || listener(message)),
    onExit(listener) {
      child.once("exit", listener);
      child.once("error", () => listener(null, "could not be started"));
    },
    kill: () => void child.kill("SIGKILL"),
  };
}
