/** Starts to record the history of a running device, in its data folder and within the granted storage. */
import { type FolderDisk, folderDisk } from "../../base/files/folder-disk.ts";
import type { Log } from "../../base/log.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import type { Device } from "../device.ts";
import { bootOfThisMachine, systemClock } from "../process/system-clock.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import { StorageMeter } from "../storage/storage-meter.ts";
import { HistoryRecorder } from "./recorder.ts";
import { historyFolder } from "./segment.ts";
import { HistoryStore } from "./store.ts";

export interface HistoryOptions {
  readonly device: Device;
  readonly manifest: Manifest;
  readonly data: DataFolder;
  readonly log: Log;
}

/** The caller closes it when the device has stopped. */
export function keepHistory({ device, manifest, data, log }: HistoryOptions): HistoryRecorder {
  const clock = systemClock;
  const meter = new StorageMeter({ folder: data.path, manifest, clock });
  const recorder = new HistoryRecorder({
    store: new HistoryStore(meteredDisk(folderDisk(historyFolder(data.path)), meter)),
    clock,
    boot: bootOfThisMachine(clock),
    log,
    setFailing: (failing) => device.setFailing("history", failing),
  });
  device.watch((observation) => recorder.take(observation));
  void recorder.open();
  return recorder;
}

/** A write beyond the grant fails with EPERM. */
const meteredDisk = (disk: FolderDisk, meter: Pick<StorageMeter, "reserve">): FolderDisk => ({
  ...disk,
  async write(name, at, bytes) {
    await meter.reserve(bytes.length);
    await disk.write(name, at, bytes);
  },
});
