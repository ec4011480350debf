/** Sets up alerts on this machine: for the device's alert process, the local hub and a manual test. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { localMoment } from "../local-time/moment.ts";
import { durableSystemFiles } from "../storage/durable-files.ts";
import { gatedFiles } from "../storage/gated-files.ts";
import { deviceName, testAlert } from "./alert.ts";
import type { AlertSettings } from "./alert-file.ts";
import { Alerts } from "./alerts.ts";
import { type Delivery, deliverer } from "./deliver.ts";
import { requestOf, type Sender } from "./request.ts";

export interface SystemAlertsOptions {
  readonly settings: AlertSettings;
  readonly manifest: Pick<Manifest, "connections" | "storageKb">;
  readonly timeZone: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

const senderOf = ({ settings, timeZone }: Pick<SystemAlertsOptions, "settings" | "timeZone">): Sender => ({
  device: deviceName(settings.name),
  timeText: localMoment(timeZone),
});

/** @param path of the record @throws RangeError for an invalid proxy */
export function startSystemAlerts(
  options: SystemAlertsOptions & {
    readonly dataPath: string;
    readonly path: string;
    readonly log: Log;
    readonly onFailure: (failure: string | undefined) => void;
  },
): Promise<Alerts> {
  const { settings, manifest, clock, log, dataPath, path, onFailure } = options;
  return Alerts.start({
    settings,
    sender: senderOf(options),
    deliver: deliverer(options),
    files: gatedFiles(durableSystemFiles, dataPath, manifest),
    path,
    clock,
    log,
    newId: randomUUID,
    onFailure,
  });
}

/** Sends one message at once, and waits for the answer. @throws RangeError for an invalid proxy */
export function sendTest(options: SystemAlertsOptions): Promise<Delivery> {
  const alert = testAlert(randomUUID(), options.clock.wallNow());
  return deliverer(options)(requestOf(alert, 0, senderOf(options), options.settings));
}
