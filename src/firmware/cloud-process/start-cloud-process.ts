/**
 * The azure face as the loop has it: in a process of its own, which is told of the local hub for where there is no account.
 *
 * Guarantee: the control loop runs already and goes on whatever happens here.
 */

import type { Log } from "../../base/log.ts";
import { read } from "../../base/schema/schema.ts";
import type { Settings } from "../../model/settings.ts";
import type { BoardChoice } from "../choose-board.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { guardianToLoop, type LoopToGuardian } from "../process/messages.ts";
import { environmentWithSecrets, HeldSecrets } from "../process/secret-handover.ts";
import { bootOfThisMachine, systemClock } from "../process/system-clock.ts";
import type { RemoteLines } from "../reports/remote-lines.ts";
import type { RunningLoop } from "../run-loop.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import { spawnChild } from "../supervision/spawn-child.ts";
import { CloudProcess } from "./cloud-process.ts";

export interface AzureProcessOptions {
  readonly running: RunningLoop;
  readonly data: DataFolder;
  readonly choice: BoardChoice;
  readonly log: Log;
  readonly settings: Pick<Settings, "logLevel" | "relayLife">;
  /** Somebody asked for simulated readings in a real cloud. */
  readonly simulatedToCloud: boolean;
  /** What sends the log to whoever asks for it. */
  readonly remoteLines: RemoteLines;
  readonly onCheckForUpdate: () => void;
  /** There is a live panel. */
  readonly quiet: boolean;
}

export async function azureInItsProcess(options: AzureProcessOptions): Promise<CloudProcess> {
  const { running, log, data, choice, settings, remoteLines, quiet } = options;
  const secrets = HeldSecrets.take(await environmentWithSecrets(process, process.env));
  // On the clock that both processes have, and that nobody sets: that of the machine's start.
  const { clockZeroMs } = bootOfThisMachine(systemClock);
  const flags = ["--data", data.path, "--board", choice.name, "--log-level", settings.logLevel];
  flags.push("--relay-life", String(settings.relayLife));
  flags.push("--up-since", String(Math.round(clockZeroMs)));
  if (options.simulatedToCloud) flags.push("--simulated-to-cloud");
  const cloud = new CloudProcess({
    clock: systemClock,
    log,
    spawn: (setAside) =>
      spawnChild({
        bundle: "cloud.js",
        flags: setAside ? [...flags, "--set-outbox-aside"] : flags,
        secrets,
        quiet,
      }),
    onNoCredentials: () => tellGuardian({ kind: "no-credentials" }),
    onSendLogs: (minutes) => remoteLines.start(minutes),
    onCheckForUpdate: options.onCheckForUpdate,
    onRestart: () => running.stop("a restart was asked for", exitCodes.restart),
  });
  remoteLines.sendTo((lines) => cloud.sendLines(lines));
  process.on("message", (message) => {
    const said = read(guardianToLoop, message);
    if (said?.kind !== "hub-ready") return;
    log.info("local-hub", { page: said.page });
    cloud.setFirstMessage(said);
  });
  return cloud;
}

// With a callback a channel that is gone is an argument of it, not an exception.
const tellGuardian = (message: LoopToGuardian): void =>
  void process.send?.(message, undefined, undefined, () => {});
