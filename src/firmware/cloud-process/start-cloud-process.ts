/**
 * Starts the Azure face in a process of its own, and passes it the address of the local hub, for a device
 * without an account.
 *
 * Guarantee: the control loop is already running, and does not depend on it.
 */

import type { Log } from "../../base/log.ts";
import { read } from "../../base/schema/schema.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { guardianToLoop, type LoopToGuardian } from "../process/messages.ts";
import type { HeldSecrets } from "../process/secret-handover.ts";
import { systemClock } from "../process/system-clock.ts";
import { type FaceArguments, faceArguments } from "../remote-device/face-arguments.ts";
import type { RemoteLines } from "../reports/remote-lines.ts";
import type { RunningLoop } from "../run-loop.ts";
import { sendToParent } from "../supervision/send-to-parent.ts";
import { spawnChild } from "../supervision/spawn-child.ts";
import { CloudProcess } from "./cloud-process.ts";

export interface AzureProcessOptions extends FaceArguments {
  readonly running: RunningLoop;
  readonly log: Log;
  /** Sends log lines to the person who requested them. */
  readonly remoteLines: RemoteLines;
  readonly onCheckForUpdate: () => void;
  readonly secrets: HeldSecrets;
  /** The terminal shows a live panel, so nothing else may print there. */
  readonly quiet: boolean;
}

export function startAzureProcess(options: AzureProcessOptions): CloudProcess {
  const { running, log, remoteLines, secrets, quiet } = options;
  const flags = faceArguments(options);
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
    onNoCredentials: () => sendToGuardian({ kind: "no-credentials" }),
    onHasCredentials: () => sendToGuardian({ kind: "page-wanted" }),
    onSendLogs: (minutes) => remoteLines.start(minutes),
    onCheckForUpdate: options.onCheckForUpdate,
    onRestart: () => running.stop("a restart was requested", exitCodes.restart),
  });
  remoteLines.sendTo((lines) => cloud.sendLines(lines));
  process.on("message", (message) => {
    const received = read(guardianToLoop, message);
    if (received?.kind !== "hub-ready") return;
    log.info("local-hub", { page: received.page || "none" });
    cloud.setFirstMessage(received);
  });
  return cloud;
}

const sendToGuardian = (message: LoopToGuardian): void => sendToParent(message);
