/** Starts a supervised process as a real one: its own bundle of dist/, without a standard input or output. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { cleanFlags, ownSession } from "../guardian/clean-node.ts";
import { packageRoot } from "../process/package-root.ts";
import { asksForSecrets, type HeldSecrets } from "../process/secret-handover.ts";
import type { SupervisedChild } from "./supervised-process.ts";

export interface SpawnOptions {
  /** In dist/, such as "cloud.js". */
  readonly bundle: string;
  readonly flags: readonly string[];
  readonly secrets: HeldSecrets;
  /** Nothing may be written over a live panel. */
  readonly quiet: boolean;
}

/** @throws Error when the system cannot create a process */
export function spawnChild({ bundle, flags, secrets, quiet }: SpawnOptions): SupervisedChild {
  const child = spawn(process.execPath, [...cleanFlags(), join(packageRoot, "dist", bundle), ...flags], {
    ...ownSession(),
    stdio: ["ignore", "ignore", quiet ? "ignore" : "inherit", "ipc"],
  });
  secrets.answer(child);
  return {
    pid: child.pid,
    send(message, done) {
      // With a callback, the error of a closed channel is passed to it and not thrown.
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
