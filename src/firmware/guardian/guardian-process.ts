/**
 * The guardian as a process: its watcher, its signals, and the loops that it starts.
 *
 * Guarantee: an exception in it turns the relay off first and ends it; its loop and its watcher then do the same.
 */
import type { ChildProcess } from "node:child_process";
import type { Log } from "../../base/log.ts";
import type { Millis } from "../../base/units.ts";
import { exitCodes } from "../process/exit-codes.ts";
import type { GuardianToLoop } from "../process/messages.ts";
import { systemClock } from "../process/system-clock.ts";
import type { ForceOff, RelayAccess } from "../relay-guard.ts";
import { serviceWatchdog } from "../service/watchdog.ts";
import type { Program } from "../update/launcher.ts";
import { Updates } from "../update/updates.ts";
import { closeInspector } from "./clean-node.ts";
import { type GuardedLoop, Guardian } from "./guardian.ts";
import { startLoopProcess } from "./loop-process.ts";
import { installSignals } from "./signals.ts";
import { WatcherProcess } from "./watcher.ts";

export interface GuardLoopsOptions {
  readonly forceRelayOff: ForceOff;
  readonly log: Log;
  /** Open descriptors that live as long as any process that may touch the line: the hardware lock. */
  readonly inherit: readonly number[];
  /** Flags of the verb `loop`, read at each start. */
  readonly loopFlags: () => readonly string[];
  readonly onLoop: (child: ChildProcess) => void;
  /** The data folder, which may contain the slots of updates. */
  readonly dataPath: string;
}

/** @returns the exit code, once no loop runs and the relay was forced off */
export async function guardLoops(options: GuardLoopsOptions): Promise<number> {
  const { log, inherit, loopFlags, onLoop } = options;
  let relay: RelayAccess | undefined;
  const forceRelayOff: ForceOff = (why) => {
    const forced = options.forceRelayOff(why);
    relay = forced.access;
    return forced;
  };
  let loop: ChildProcess | undefined;
  let watcherMissing = false;
  const sendWatcherState = (): void => {
    // With a callback, the error of a loop that has ended is passed to it and not thrown.
    if (loop?.connected)
      loop.send({ kind: "watcher", missing: watcherMissing } satisfies GuardianToLoop, () => {});
  };
  const spawnLoop = (offFor: Millis | undefined, program?: Program): GuardedLoop => {
    const offForFlags = offFor === undefined ? [] : ["--off-for", String(Math.floor(offFor))];
    const onStart = (child: ChildProcess): void => {
      loop = child;
      if (watcherMissing) sendWatcherState();
      updates.listenTo(child, program);
      onLoop(child);
    };
    const { root, launchNote } = program ?? {};
    return startLoopProcess({
      root,
      launchNote,
      flags: [...loopFlags(), ...offForFlags],
      inherit,
      relay,
      onStart,
    });
  };
  const updates = new Updates({
    dataPath: options.dataPath,
    log,
    replaceLoop: (why, how) => guardian.replaceLoop(why, how),
  });
  const guardian = new Guardian({
    spawnLoop,
    choose: () =>
      updates
        .next()
        ?.then((program) => program && { ...program, spawn: (offFor) => spawnLoop(offFor, program) }),
    forceRelayOff,
    watcher: new WatcherProcess({
      clock: systemClock,
      log,
      inherit,
      onMissing(missing) {
        watcherMissing = missing;
        sendWatcherState();
      },
    }),
    onProof: serviceWatchdog({ env: process.env, clock: systemClock, log }),
    pauseProcess: () => void process.kill(process.pid, "SIGSTOP"),
    clock: systemClock,
    log,
  });
  // The line is off already; this starts the watcher and the first loop before it returns.
  const code = guardian.run();
  process.on("uncaughtException", (error) => {
    forceRelayOff("the guardian failed");
    loop?.kill("SIGKILL");
    log.error("guardian-failed", { relay: "off", detail: error.stack ?? error.message });
    process.exit(exitCodes.internal);
  });
  installSignals({ log, end: () => guardian.stop(), pause: () => guardian.pause() });
  // The loop draws to the terminal's size, but the kernel signals a new size only to the terminal's own processes.
  process.on("SIGWINCH", () => void loop?.kill("SIGWINCH"));
  closeInspector(log);
  return await code;
}
