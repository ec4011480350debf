/** Starts the alert process where the owner has written alerts.json. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../../base/log.ts";
import type { Settings } from "../../model/settings.ts";
import type { Device } from "../device.ts";
import { HeldSecrets } from "../process/secret-handover.ts";
import { systemClock } from "../process/system-clock.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import { spawnChild } from "../supervision/spawn-child.ts";
import { alertFileName } from "./alert-file.ts";
import { AlertProcess } from "./alert-process.ts";

export interface StartAlertOptions {
  readonly device: Pick<Device, "setFailing" | "watch">;
  readonly data: DataFolder;
  readonly settings: Pick<Settings, "logLevel" | "timeZone">;
  readonly log: Log;
  /** The terminal shows a live panel, so nothing else may print there. */
  readonly quiet: boolean;
}

/** @returns `undefined` without that file */
export function startAlertProcess({
  device,
  data,
  settings,
  log,
  quiet,
}: StartAlertOptions): AlertProcess | undefined {
  if (!existsSync(join(data.path, alertFileName))) return undefined;
  const { logLevel, timeZone } = settings;
  const flags = ["--data", data.path, "--log-level", logLevel, "--time-zone", timeZone];
  // The process gets none of the loop's secrets; its own are in alerts.json.
  const secrets = HeldSecrets.take({});
  const alerts = new AlertProcess({
    clock: systemClock,
    log,
    spawn: () => spawnChild({ bundle: "alerts.js", flags, secrets, quiet }),
    onFailing: (failing) => device.setFailing("alerts", failing),
  });
  device.watch(({ activeFaults, input }) => alerts.observe({ faults: activeFaults, link: input.link }));
  alerts.start();
  return alerts;
}
