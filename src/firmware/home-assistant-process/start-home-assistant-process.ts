/**
 * Starts the face of Home Assistant in a process of its own, where a broker is configured.
 *
 * Guarantee: the control loop is already running, and does not depend on it.
 */
import type { Log } from "../../base/log.ts";
import type { Settings } from "../../model/settings.ts";
import type { BoardChoice } from "../choose-board.ts";
import { exitCodes } from "../process/exit-codes.ts";
import type { HeldSecrets } from "../process/secret-handover.ts";
import { bootOfThisMachine, systemClock } from "../process/system-clock.ts";
import { FaceProcess } from "../remote-device/face-process.ts";
import type { RunningLoop } from "../run-loop.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import { spawnChild } from "../supervision/spawn-child.ts";
import { homeAssistantToLoop } from "./messages.ts";
import { isConfigured } from "./mqtt-file.ts";

export interface StartHomeAssistantOptions {
  readonly running: Pick<RunningLoop, "stop">;
  readonly data: DataFolder;
  readonly choice: BoardChoice;
  readonly log: Log;
  readonly settings: Pick<Settings, "logLevel" | "relayLife">;
  /** Simulated readings may be sent to another machine. */
  readonly simulatedToCloud: boolean;
  readonly secrets: HeldSecrets;
  readonly onCheckForUpdate: () => void;
  /** The terminal shows a live panel, so nothing else may print there. */
  readonly quiet: boolean;
}

/** @returns `undefined` where no broker is configured: there is no face, and no process */
export function startHomeAssistantProcess(options: StartHomeAssistantOptions): FaceProcess | undefined {
  const { running, data, choice, log, settings, secrets, quiet, onCheckForUpdate } = options;
  if (!isConfigured(data.path, process.env)) return undefined;
  // By the clock that counts from the machine's start: both processes share it, and nobody can set it.
  const { clockZeroMs } = bootOfThisMachine(systemClock);
  const flags = ["--data", data.path, "--board", choice.name, "--log-level", settings.logLevel];
  flags.push("--relay-life", String(settings.relayLife));
  flags.push("--up-since", String(Math.round(clockZeroMs)));
  if (options.simulatedToCloud) flags.push("--simulated-to-cloud");
  return new FaceProcess<never>({
    clock: systemClock,
    log,
    name: "home-assistant",
    title: "the process of Home Assistant",
    part: "home-assistant",
    messages: homeAssistantToLoop,
    unreadable: "home-assistant-message-unreadable",
    spawn: () => spawnChild({ bundle: "home-assistant.js", flags, secrets, quiet }),
    onOwn: () => {},
    onRestart: () => running.stop("a restart was asked for", exitCodes.restart),
    onCheckForUpdate,
  });
}
