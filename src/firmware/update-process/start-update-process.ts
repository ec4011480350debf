/**
 * Starts the updater as a process below the loop, on a unit with updates.
 *
 * Guarantee: the control loop is already running, and does not depend on it.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../../base/log.ts";
import { read } from "../../base/schema/schema.ts";
import type { UpdateProgress } from "../../control/input.ts";
import type { FirmwareReport } from "../../model/cloud-model.ts";
import type { Settings } from "../../model/settings.ts";
import type { BoardChoice } from "../choose-board.ts";
import type { Device } from "../device.ts";
import { guardianToLoop } from "../process/messages.ts";
import { HeldSecrets } from "../process/secret-handover.ts";
import { systemClock } from "../process/system-clock.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import { spawnChild } from "../supervision/spawn-child.ts";
import { hasSlots } from "../update/places.ts";
import type { Swap } from "../update/swap/swap.ts";
import { ownerFileName } from "./owner-file.ts";
import { UpdateProcess } from "./update-process.ts";

export interface StartUpdateOptions {
  readonly device: Pick<Device, "setFailing" | "setUpdate">;
  readonly swap: Swap;
  readonly data: DataFolder;
  readonly choice: BoardChoice;
  readonly settings: Pick<Settings, "logLevel">;
  readonly log: Log;
  readonly onReport: (report: FirmwareReport) => void;
  /** The terminal shows a live panel, so nothing else may print there. */
  readonly quiet: boolean;
}

const shown = ["downloading", "installing", "starting", "on-trial"] as const;

/** The progress for the screen; none while an update waits, which may take days. */
export function progressOf({ state, progress }: FirmwareReport): UpdateProgress | undefined {
  const found = shown.find((each) => each === state);
  return found && { state: found, percent: progress };
}

/** @returns `undefined` for a unit without updates */
export function startUpdateProcess(options: StartUpdateOptions): UpdateProcess | undefined {
  const { device, swap, data, choice, settings, log, onReport, quiet } = options;
  if (!existsSync(join(data.path, ownerFileName)) && !hasSlots(data.path)) return undefined;
  const flags = ["--data", data.path, "--board", choice.name, "--log-level", settings.logLevel];
  // It gets none of the loop's secrets; its own are in updates.json.
  const secrets = HeldSecrets.take({});
  const updates = new UpdateProcess({
    clock: systemClock,
    log,
    swap,
    spawn: () => spawnChild({ bundle: "updater.js", flags, secrets, quiet }),
    onReport: (report) => {
      device.setUpdate(progressOf(report));
      onReport(report);
    },
    onFailing: (failing) => device.setFailing("updates", failing),
  });
  swap.onCheck(() => updates.check());
  swap.onDecision((update, decision) => updates.decided(update, decision));
  process.on("message", (message) => {
    if (read(guardianToLoop, message)?.kind === "update-confirmed") updates.confirmed();
  });
  updates.start();
  return updates;
}
