/** Gives the loop's recorder the folder that it writes to. */
import { hours } from "../../base/units.ts";
import { systemClock } from "../process/system-clock.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import type { DurableFiles } from "../storage/durable-files.ts";
import type { ReportRecorder } from "./recorder.ts";
import { ReportStore, reportsFolder } from "./report-store.ts";

const cleanUpInterval = hours(6);

/**
 * From now on reports are written, and those that are too old are removed: at once and then four times a day.
 */
export function keepReports(recorder: ReportRecorder, { path }: DataFolder, files: DurableFiles): void {
  const store = new ReportStore(reportsFolder(path), files, systemClock);
  recorder.keepIn(store);
  const cleanUp = (): void => {
    void store.cleanUp();
    systemClock.setTimer(cleanUpInterval, cleanUp);
  };
  cleanUp();
}
