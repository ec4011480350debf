/** Starts the cloud half as a real process. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "../package-root.ts";
import type { HeldSecrets } from "../secret-handover.ts";
import type { CloudChild } from "./cloud-process.ts";

export interface SpawnOptions {
  readonly flags: readonly string[];
  readonly secrets: HeldSecrets;
  /** Nothing may be written over a live panel. */
  readonly quiet: boolean;
}

/** @throws Error when the system has no process to give */
export function spawnCloud({ flags, secrets, quiet }: SpawnOptions): CloudChild {
  // What whoever started the firmware tells Node is not for this process: an inspector least of all.
  const { NODE_OPTIONS: _none, ...env } = process.env;
  const execArgv = process.execArgv.filter((flag) => !flag.startsWith("--inspect"));
  const child = spawn(process.execPath, [...execArgv, join(packageRoot, "dist", "cloud.js"), ...flags], {
    stdio: ["ignore", "ignore", quiet ? "ignore" : "inherit", "ipc"],
    env,
  });
  secrets.answer(child);
  return {
    pid: child.pid,
    send(message, done) {
      // A channel that is gone is an argument of the callback, not an exception.
      if (child.connected) child.send(message, (error) => done(error === null));
      else done(false);
    },
    onMessage: (listener) => void child.on("message", listener),
    onExit(listener) {
      child.once("exit", listener);
      child.once("error", () => listener(null, "could not be started"));
    },
    kill: () => void child.kill("SIGKILL"),
  };
}
