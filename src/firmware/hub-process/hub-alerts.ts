/**
 * Tells a person, by the alerts.json of the hub's data folder, of devices that were connected to the hub and are away.
 *
 * Guarantee: never rejects; a file that cannot be used is logged, and the hub goes on.
 */
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { seconds } from "../../base/units.ts";
import type { HubCore } from "../../hub/hub-core.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { type Condition, deviceAwayCondition } from "../alerts/alert.ts";
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

const lookEvery = seconds(5);

/** @returns what ends them; without alerts.json there is nothing to end */
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
    log.error("alerts-unusable", { cause: messageOf(error), remedy, now: "nobody is told of devices away" });
    return async () => {};
  }
}

function watchDevices(
  core: HubAlertOptions["core"],
  alerts: Alerts,
  settings: Pick<AlertSettings, "offlineMinutes">,
): () => Promise<void> {
  let cancel = (): void => {};
  const look = (): void => {
    alerts.observe(devicesAway(core, settings));
    // Of one that was removed or disabled nobody is told that it is back.
    const expected = core.devices.all().filter(({ enabled }) => enabled);
    const codes = new Set(expected.map(({ id }) => deviceAwayCondition(id, 0).code));
    alerts.retain((code) => codes.has(code));
    cancel = systemClock.setTimer(lookEvery, look);
  };
  look();
  return async () => {
    cancel();
    await alerts.close();
  };
}

/** One that never connected is not expected yet; one that was disabled is not expected any more. */
export const devicesAway = (
  { devices, links }: HubAlertOptions["core"],
  { offlineMinutes }: Pick<AlertSettings, "offlineMinutes">,
): readonly Condition[] =>
  devices
    .all()
    .filter(
      ({ id, enabled, connectionChangedMs }) =>
        enabled && connectionChangedMs !== null && links.get(id)?.ready !== true,
    )
    .map(({ id }) => deviceAwayCondition(id, offlineMinutes));
