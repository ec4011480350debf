/** The launcher on this machine: the entry of the bundle launcher.js, which a start without slots does not load. */
import type { Log } from "../../base/log.ts";
import { systemSlotFiles } from "../../update/slots/slot-files.ts";
import { SlotStore } from "../../update/slots/slot-store.ts";
import type { Guardian } from "../guardian/guardian.ts";
import { firmwareVersion, packageRoot } from "../process/package-root.ts";
import { systemClock } from "../process/system-clock.ts";
import { describeDataFolder } from "../storage/data-folder.ts";
import { Launcher } from "./launcher.ts";
import { thisPlatform } from "./machine.ts";
import { keysFolder, requestFile, slotsFolder } from "./places.ts";
import { readRequest, removeRequest } from "./request.ts";
import { storedVersion } from "./stored-version.ts";
import { readTrustedKeys } from "./trusted-keys.ts";

export interface OpenLauncherOptions {
  readonly dataPath: string;
  readonly replaceLoop: Guardian["replaceLoop"];
  readonly log: Log;
}

export function openLauncher({ dataPath, replaceLoop, log }: OpenLauncherOptions): Launcher {
  const keys = keysFolder(packageRoot);
  const request = requestFile(dataPath);
  return new Launcher({
    store: new SlotStore(systemSlotFiles(systemClock), slotsFolder(dataPath)),
    request: { read: () => readRequest(request), remove: () => removeRequest(request) },
    keysFolder: keys,
    trustedKeys: () => readTrustedKeys(keys),
    factory: { root: packageRoot, version: firmwareVersion() },
    platform: thisPlatform(),
    storedVersion: () => storedVersion(describeDataFolder(dataPath).stateFile),
    replaceLoop,
    clock: systemClock,
    log,
  });
}
