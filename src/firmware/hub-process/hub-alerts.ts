/**
 * Sends alerts about devices that are no longer connected to the hub, as configured by the alerts.json of the
 * hub's data folder.
 *
 * Guarantee: never rejects; an invalid file is logged, and the hub continues.
 */
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { seconds } from "../../base/units.ts";
import type { HubCore } from "../../hub/hub-core.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { type Condition, deviceOfflineCondition } from "../alerts/alert.ts";
import { type AlertSettings, alertFileName, readAlertFile } from "../alerts/alert-file.ts";
import { alertRecordName } from "../alerts/alert-summary.ts";
import type { Alerts } from "../alerts/alerts.ts";
import { startSystemAlerts } from "../alerts/system-alerts.ts";
import { systemClock } from "../process/system-clock.ts";
import { hubFolders } from "./local-hub.ts";

export interface HubAlertOptions {
  readonly core: Pick<HubCore, "devices" | "links">;
  readonly dataPath: string;
  readonly manifest: Pick<Manifest, "connections" | "storageKb">;
  readonly log: Log;
}

const checkInterval = seconds(5);

/** @returns a function that ends the alerts; it does nothing without alerts.json */
export async function startHubAlerts(options: HubAlertOptions): Promise<() => Promise<void>> {
  const { core, dataPath, manifest, log } = options;
  const env = process.env;
  try {
    const settings = await readAlertFile(dataPath);
    if (settings === undefined || settings.offlineMinutes === 0) return async () => {};
    const alerts = await startSystemAlerts({
      ...{ settings, manifest, timeZone: "auto", env, clock: systemClock, log, dataPath },
      path: join(hubFolders(dataPath).hub, alertRecordName),
      // alerts.ts logs each failure.
      onFailure: () => {},
    });
    return watchDevices(core, alerts, settings);
  } catch (error) {
    const remedy = `Correct ${join(dataPath, alertFileName)}, then restart.`;
    log.error("alerts-unusable", {
      cause: messageOf(error),
      remedy,
      now: "disconnected devices are not reported",
    });
    return async () => {};
  }
}

function watchDevices(
  core: HubAlertOptions["core"],
  alerts: Alerts,
  settings: Pick<AlertSettings, "offlineMinutes">,
): () => Promise<void> {
  let cancel = (): void => {};
  const check = (): void => {
    alerts.observe(offlineDevices(core, settings));
    // Devices that were removed or disabled are not reported as back.
    const expected = core.devices.all().filter(({ enabled }) => enabled);
    const codes = new Set(expected.map(({ id }) => deviceOfflineCondition(id, 0).code));
    alerts.retain((code) => codes.has(code));
    cancel = systemClock.setTimer(checkInterval, check);
  };
  check();
  return async () => {
    cancel();
    await alerts.close();
  };
}

/**
 * The devices that should be connected and are not. A device that never connected, or is disabled, is not
 * expected to be.
 */
export const offlineDevices = (
  { devices, links }: HubAlertOptions["core"],
  { offlineMinutes }: Pick<AlertSettings, "offlineMinutes">,
): readonly Condition[] =>
  devices
    .all()
    .filter(
      ({ id, enabled, connectionChangedMs }) =>
        enabled && connectionChangedMs !== null && links.get(id)?.ready !== true,
    )
    .map(({ id }) => deviceOfflineCondition(id, offlineMinutes));
