/** The faces of a running device. A new one is a folder that implements `Face`, and an entry of `faces`. */

import type { FirmwareReport } from "../model/cloud-model.ts";
import type { Settings } from "../model/settings.ts";
import { startAlertProcess } from "./alerts/start-alert-process.ts";
import { type AzureProcessOptions, startAzureProcess } from "./cloud-process/start-cloud-process.ts";
import type { Device } from "./device.ts";
import type { Face } from "./face.ts";
import { FrontFace } from "./front/share.ts";
import type { VirtualHardware } from "./hardware.ts";
import type { HistoryRecorder } from "./history/recorder.ts";
import { startHomeAssistantProcess } from "./home-assistant-process/start-home-assistant-process.ts";
import { LocalFace } from "./local-socket/local-face.ts";
import type { LogFeed } from "./local-socket/log-feed.ts";
import { firmwareVersion } from "./process/package-root.ts";
import { environmentWithSecrets, HeldSecrets } from "./process/secret-handover.ts";
import { systemClock } from "./process/system-clock.ts";
import { isSealed } from "./seal/seal.ts";
import type { LiveSettings } from "./storage/live-settings.ts";
import type { Swap } from "./update/swap/swap.ts";
import { startUpdateProcess } from "./update-process/start-update-process.ts";
import type { UpdateProcess } from "./update-process/update-process.ts";

export interface FaceOptions extends Omit<AzureProcessOptions, "onCheckForUpdate" | "secrets"> {
  readonly swap: Swap;
  readonly settings: AzureProcessOptions["settings"] & Pick<Settings, "timeZone">;
  /** A virtual hat, whose keys can be pressed on the local hub's page. */
  readonly virtual: VirtualHardware | undefined;
  readonly logs: LogFeed;
  readonly history: HistoryRecorder;
  readonly live: LiveSettings;
  /** Only the local socket and the page: no cloud, no local hub, no updates, no alerts. */
  readonly offline: boolean;
}

/** @returns a function that ends them, within a few seconds */
export async function startFaces(options: FaceOptions): Promise<() => Promise<void>> {
  const { device } = options.running;
  const sealed = () => isSealed(options.data.path);
  const local = new LocalFace({
    dataPath: options.data.path,
    firmware: firmwareVersion(),
    board: options.choice.name,
    timeZone: options.settings.timeZone,
    clock: systemClock,
    log: options.log,
    logs: options.logs,
    history: options.history,
    settings: options.live,
  });
  void device.addFace(local);
  if (options.offline) {
    // Without a cloud process, this must tell the guardian whether a local hub is needed.
    const front = new FrontFace({ ...options, isSealed: sealed, asksForPage: true });
    void device.addFace(front);
    return async () => void (await Promise.allSettled([local.close(), front.close()]));
  }
  let updates: UpdateProcess | undefined;
  const secrets = HeldSecrets.take(await environmentWithSecrets(process, process.env));
  const shared = { ...options, secrets, onCheckForUpdate: () => updates?.check() };
  const azure = startAzureProcess(shared);
  const homeAssistant = startHomeAssistantProcess(shared);
  const remote = homeAssistant === undefined ? [] : [homeAssistant];
  const faces: readonly Face<Device>[] = [azure, ...remote, new FrontFace({ ...options, isSealed: sealed })];
  for (const face of faces) void device.addFace(face);
  const onReport = (report: FirmwareReport): void => {
    for (const face of [azure, ...remote]) face.setFirstMessage({ kind: "firmware", report });
  };
  updates = startUpdateProcess({ ...options, device, onReport });
  const alerts = startAlertProcess({ ...options, device });
  const parts = [local, ...faces, updates, alerts];
  return async () => void (await Promise.allSettled(parts.map((each) => each?.close())));
}
