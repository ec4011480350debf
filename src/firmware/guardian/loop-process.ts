/** Starts the control loop's process, and gives it the interface that the guardian uses. */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { join } from "node:path";
import { reasonOf } from "../../base/errors.ts";
import { read } from "../../base/schema/schema.ts";
import { type GuardianToLoop, loopToGuardian } from "../process/messages.ts";
import { packageRoot } from "../process/package-root.ts";
import type { RelayAccess } from "../relay-guard.ts";
import { launchNoteVariable } from "../update/launch-note.ts";
import { cleanFlags, ownSession } from "./clean-node.ts";
import type { GuardedLoop } from "./guardian.ts";

export interface LoopProcessOptions {
  /** Folder of the program: an update's slot; default: the folder of this installation. */
  readonly root?: string | undefined;
  /** Tells the loop which update it runs; absent if none is installed. */
  readonly launchNote?: string | undefined;
  /** Flags of the verb `loop`. */
  readonly flags: readonly string[];
  /** Open descriptors that live as long as any process that may touch the line: the hardware lock. */
  readonly inherit: readonly number[];
  /** How the guardian accesses the relay's line; the loop uses the same interface. */
  readonly relay: RelayAccess | undefined;
  /** Called with the new process, so that others can exchange messages with it. */
  readonly onStart: (child: ChildProcess) => void;
}

/** @throws as `spawn` does, when the system is out of memory or processes */
export function startLoopProcess(options: LoopProcessOptions): GuardedLoop {
  const { root = packageRoot, launchNote, flags, inherit, relay, onStart } = options;
  const loop = join(root, "dist", "loop.js");
  const stdio: StdioOptions = ["inherit", "inherit", "inherit", "ipc", ...inherit];
  const access = [];
  if (relay !== undefined && "descriptor" in relay) {
    access.push("--gpio", "chardev", "--relay-line", String(stdio.length));
    stdio.push(relay.descriptor);
  } else if (relay !== undefined) access.push("--gpio", "sysfs");
  const child = spawn(process.execPath, [...cleanFlags(), loop, ...flags, ...access], {
    ...ownSession({ [launchNoteVariable]: launchNote }),
    stdio,
  });
  onStart(child);
  return {
    pid: child.pid,
    // Only beats count, which the loop sends after a step: messages that a timer sends do not prove that it
    // steps.
    onBeat: (listener) =>
      void child.on("message", (message) => {
        const received = read(loopToGuardian, message);
        if (received?.kind !== "beat") return;
        listener(received.heaterOn);
        // With a callback, the error of a loop that has ended is passed to it and not thrown.
        if (child.connected) child.send({ kind: "beat-heard" } satisfies GuardianToLoop, () => {});
      }),
    onExit(listener) {
      child.once("exit", listener);
      // Later errors are those of a message or a signal that came too late: the exit reports its end.
      child.on("error", (error) => {
        if (child.pid === undefined) listener(null, null, reasonOf(error));
      });
    },
    kill: (signal) => void child.kill(signal),
  };
}
