/**
 * Starts the face of Home Assistant in a process of its own, where a broker is configured.
 *
 * Guarantee: the control loop is already running, and does not depend on it.
 */
import type { Log } from "../../base/log.ts";
import { exitCodes } from "../process/exit-codes.ts";
import type { HeldSecrets } from "../process/secret-handover.ts";
import { systemClock } from "../process/system-clock.ts";
import { type FaceArguments, faceArguments } from "../remote-device/face-arguments.ts";
import { FaceProcess } from "../remote-device/face-process.ts";
import type { RunningLoop } from "../run-loop.ts";
import { spawnChild } from "../supervision/spawn-child.ts";
import { homeAssistantToLoop } from "./messages.ts";
import { isConfigured } from "./mqtt-file.ts";

export interface StartHomeAssistantOptions extends FaceArguments {
  readonly running: Pick<RunningLoop, "stop">;
  readonly log: Log;
  readonly secrets: HeldSecrets;
  readonly onCheckForUpdate: () => void;
  /** The terminal shows a live panel, so nothing else may print there. */
  readonly quiet: boolean;
}

/** @returns `undefined` where no broker is configured: there is no face, and no process */
export function startHomeAssistantProcess(options: StartHomeAssistantOptions): FaceProcess | undefined {
  const { running, data, log, secrets, quiet, onCheckForUpdate } = options;
  if (!isConfigured(data.path, process.env)) return undefined;
  const flags = faceArguments(options);
  return new FaceProcess<never>({
    clock: systemClock,
    log,
    name: "home-assistant",
    title: "the process of Home Assistant",
    part: "home-assistant",
    messages: homeAssistantToLoop,
    spawn: () => spawnChild({ bundle: "home-assistant.js", flags, secrets, quiet }),
    onOwn: () => {},
    onRestart: () => running.stop("a restart was requested", exitCodes.restart),
    onCheckForUpdate,
  });
}
